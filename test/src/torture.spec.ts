import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  type SipMessage,
  StreamFramer,
  checkForUserAgent,
  checkRequest,
  checkResponse,
  editMessage,
  parseDatagram,
  parseNameAddr,
  parseUri,
  readBodyParts,
} from '@esinet/sip';
import { describe, expect, it } from 'vitest';
import { type TortureVerdict, tortureVerdicts } from './torture-verdicts.js';

const torture = fileURLToPath(new URL('../torture/', import.meta.url));
const corpora = fileURLToPath(new URL('../../../shared/specs/corpora/', import.meta.url));

interface Judgement {
  readonly verdict: TortureVerdict['verdict'];
  readonly message?: SipMessage;
}

function judge(bytes: Buffer): Judgement {
  const parsed = parseDatagram(bytes);
  if (parsed.kind === 'keepalive') return { verdict: 'discard' };
  if (parsed.kind === 'invalid')
    return { verdict: parsed.status === 0 ? 'discard' : { reject: parsed.status } };
  const { message } = parsed;
  if (!message.isRequest)
    return { verdict: checkResponse(message) === undefined ? 'accept' : 'discard', message };
  const flaw = checkRequest(message);
  return { verdict: flaw === undefined ? 'accept' : { reject: flaw.status }, message };
}

/** What the table's `reads` may name. */
function readable(m: SipMessage): Record<string, unknown> {
  const uri = parseUri(m.requestUri);
  const contacts = m.values('Contact');
  const contact = contacts[0] === undefined ? undefined : parseNameAddr(contacts[0]);
  const type = m.contentType;
  return {
    method: m.method,
    status: m.status,
    reason: m.reason,
    requestScheme: uri?.scheme,
    requestUser: uri?.user,
    requestHost: uri?.host,
    requestPort: uri?.port,
    from: m.from?.uri,
    fromName: m.from?.displayName,
    fromTag: m.from?.tag,
    to: m.to?.uri,
    toName: m.to?.displayName,
    toTag: m.to?.tag,
    callId: m.callId,
    cseq: m.cseq?.number,
    maxForwards: m.maxForwards,
    vias: m.vias.map((via) => `${via.transport} ${via.host}`),
    branch: m.topVia?.branch,
    received: m.topVia?.received,
    contacts,
    contactUri: contact?.uri,
    contactParams: [...(contact?.params.keys() ?? [])],
    proxyRequire: m.values('Proxy-Require'),
    contentType: type && `${type.type}/${type.subtype}`,
    body: m.body.length,
    parts: readBodyParts(m).map(
      (part) => `${part.contentType?.type}/${part.contentType?.subtype} ${part.body.length}`,
    ),
  };
}

describe('torture messages', () => {
  for (const row of tortureVerdicts) {
    const bytes = readFileSync(`${torture}${row.file}.sip`);

    it(`${row.file}: ${row.why}`, { meta: { clause: row.clause } }, () => {
      const { verdict, message } = judge(bytes);
      expect(verdict).toEqual(row.verdict);
      if (row.reads !== undefined) expect(readable(message!)).toMatchObject(row.reads);
      if (row.userAgent !== undefined)
        expect(checkForUserAgent(message!, { contentTypes: ['text/plain'] })?.status).toBe(row.userAgent);
    });

    it(`${row.file}: an edit leaves the rest as it was`, { meta: { clause: 'RFC 3261 16.6' } }, () => {
      const parsed = parseDatagram(bytes);
      if (parsed.kind !== 'message') return;
      const { message } = parsed;
      const edited = editMessage(message, { edits: [{ op: 'prepend', name: 'X-Seen', value: 'once' }] });
      const again = parseDatagram(edited);
      if (again.kind !== 'message') throw new Error('the edited message does not read');
      expect(again.message.headers.slice(1)).toEqual(message.headers);
      expect(
        editMessage(again.message, { edits: [{ op: 'remove', name: 'x-seen' }] }).equals(message.bytes),
      ).toBe(true);
    });
  }

  it('has a row for every file', () => {
    const files = ['rfc4475', 'rfc5118'].flatMap((folder) =>
      readdirSync(`${torture}${folder}`).map((name) => `${folder}/${name.replace(/\.sip$/, '')}`),
    );
    expect(files.sort()).toEqual(tortureVerdicts.map((row) => row.file).sort());
  });

  it('says what is left to the layers above', () => {
    const left = tortureVerdicts.filter((row) => row.beyond !== undefined);
    for (const row of left) process.stdout.write(`beyond the codec: ${row.clause}: ${row.beyond}\n`);
    process.stdout.write(
      `torture: ${tortureVerdicts.length} messages, ${left.length} with a part beyond the codec\n`,
    );
    expect(left.length).toBeLessThan(tortureVerdicts.length / 4);
  });

  it('reads alike over a stream, octet by octet', { meta: { clause: 'RFC 3261 18.3' } }, () => {
    for (const row of tortureVerdicts) {
      const parsed = parseDatagram(readFileSync(`${torture}${row.file}.sip`));
      if (parsed.kind !== 'message' || !parsed.message.has('Content-Length')) continue;
      const framer = new StreamFramer();
      const seen = [...parsed.message.bytes].flatMap((octet) => framer.push(Buffer.from([octet])));
      expect(seen.length, row.file).toBe(1);
      const [first] = seen;
      if (first?.kind !== 'message') throw new Error(`${row.file} does not read`);
      expect(first.message.headers).toEqual(parsed.message.headers);
      expect(first.message.body.equals(parsed.message.body)).toBe(true);
    }
  });
});

describe('the messages of the RFCs', () => {
  if (!existsSync(corpora))
    process.stdout.write(
      `torture: ${tortureVerdicts.length} messages of the RFCs skipped, not beside the repository\n`,
    );
  for (const row of tortureVerdicts) {
    const file = `${corpora}${row.file.split('/')[0]}/${row.original}.dat`;
    const here = existsSync(file);
    it.skipIf(!here)(
      `${row.clause} ${row.original}${here ? '' : ': skipped, the collection is not beside the repository'}`,
      { meta: { clause: row.clause } },
      () => {
        const { verdict, message } = judge(readFileSync(file));
        expect(verdict).toEqual(row.verdict);
        if (row.userAgent !== undefined)
          expect(checkForUserAgent(message!, { contentTypes: ['text/plain'] })?.status).toBe(row.userAgent);
      },
    );
  }
});
