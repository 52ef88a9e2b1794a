import { type HeaderEdit, editMessage } from '@esinet/sip';
import { leaving, sipMessage } from '@esinet/testing';
import { describe, expect, it } from 'vitest';
import { chatHeader, context, inside, peer, policy, request, stranger } from './bcf-fixture.js';
import { screen } from './screen.js';

const pub = 'sip:madrid@esinet.lab';
const priv = 'sip:madrid@psap.esinet.internal';

/** How each field names a PSAP. */
const fields: readonly (readonly [name: string, value: (uri: string) => string])[] = [
  ['Reply-To', (uri) => `<${uri}>`],
  ['Contact', (uri) => `"Madrid" <${uri};transport=tcp>;expires=60`],
  ['P-Asserted-Identity', (uri) => `<${uri}>`],
  ['History-Info', (uri) => `<${uri}>;index=1`],
  ['Refer-To', (uri) => `<${uri}?Replaces=12345%40a.example%3Bto-tag%3D1%3Bfrom-tag%3D2>`],
  ['Referred-By', (uri) => `<${uri}>;cid="20398823.2UWQFN309shb3@referrer.example"`],
];

describe('the domain of a PSAP', () => {
  it.each(fields)(
    'in %s of a request is the public one outside and the private one inside',
    { meta: { clause: 'TS 103 698 D.1' } },
    (name, value) => {
      const out = request({
        uri: 'sip:anna@provider.lab',
        from: `<${priv}>`,
        headers: [chatHeader, [name, value(priv)]],
      });
      expect(leaving(out, screen(out, inside, context)).header(name)).toBe(value(pub));

      const into = request({ uri: pub, headers: [chatHeader, [name, value(pub)]] });
      expect(leaving(into, screen(into, peer, context)).header(name)).toBe(value(priv));
    },
  );

  it.each(fields)(
    'in %s of an answer is translated as well',
    { meta: { clause: 'TS 103 698 D.1' } },
    (name, value) => {
      const ask = request({ uri: pub, headers: [chatHeader] });
      expect(answered(ask, stranger, name, value(priv))).toBe(value(pub));
      const back = request({ uri: 'sip:anna@provider.lab', from: `<${priv}>`, headers: [chatHeader] });
      expect(answered(back, inside, name, value(pub))).toBe(value(priv));
    },
  );

  it(
    'is left alone in To, From, other domains, and fields that are not configured',
    { meta: { clause: 'TS 103 698 D.1' } },
    () => {
      const bare = { ...context, policy: { ...policy, translate: { inwards: [], outwards: ['Reply-To'] } } };
      const out = request({
        uri: 'sip:anna@provider.lab',
        from: `<${priv}>`,
        headers: [chatHeader, ['Contact', `<${priv}>`], ['Reply-To', `<${priv}>`]],
      });
      const after = leaving(out, screen(out, inside, bare));
      expect(after.header('Contact')).toBe(`<${priv}>`);
      expect(after.header('Reply-To')).toBe(`<${pub}>`);
      expect(after.header('From')).toContain(priv);
      const other = request({
        uri: 'sip:anna@provider.lab',
        headers: [chatHeader, ['Refer-To', '<sip:madrid@psap.esinet.internal.example>']],
      });
      expect(leaving(other, screen(other, inside, context)).header('Refer-To')).toBe(
        '<sip:madrid@psap.esinet.internal.example>',
      );
    },
  );
});

function answered(
  asked: ReturnType<typeof request>,
  source: typeof stranger,
  name: string,
  value: string,
): string | undefined {
  const { decision } = screen(asked, source, context);
  if (decision.kind !== 'forward' || !decision.responseEdits) throw new Error('no response edits');
  const lines = ['Via', 'From', 'To', 'Call-ID', 'CSeq'].map(
    (field) => `${field}: ${asked.header(field) ?? ''}`,
  );
  const response = sipMessage(
    `SIP/2.0 200 OK\r\n${lines.join('\r\n')}\r\n${name}: ${value}\r\nContent-Length: 0\r\n\r\n`,
  );
  const edits: readonly HeaderEdit[] = decision.responseEdits(response);
  return sipMessage(editMessage(response, { edits })).header(name);
}
