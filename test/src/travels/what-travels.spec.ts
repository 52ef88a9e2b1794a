import { randomIds } from '@esinet/kernel';
import { writePidfLo } from '@esinet/location';
import { until } from '@esinet/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Lab, startLab } from '../lab.js';
import { type Part, Traveller, type Travelling, bodyOf, callIdOf, identify } from './traveller.js';

interface ShownMessage {
  readonly sequence: number;
  readonly direction: string;
  readonly text?: string;
  readonly problems?: readonly string[];
  readonly locations?: readonly { source: string; shapes: readonly unknown[]; civics: readonly unknown[] }[];
  readonly otherParts?: readonly {
    part: number;
    contentType: string;
    contentId?: string;
    filename?: string;
    bytes: number;
  }[];
  readonly data?: readonly {
    type: string;
    source: string;
    fields: readonly { name: string; value: string }[];
    problem?: string;
  }[];
}

interface ShownChat {
  readonly chat: string;
  readonly centre: string;
  readonly languages?: readonly string[];
  readonly did?: string;
  readonly accessNetwork?: string;
  readonly messages: readonly ShownMessage[];
}

let lab: Lab;
let caller: Traveller;
let api: string;
beforeAll(async () => {
  lab = await startLab();
  caller = await Traveller.open(lab.port(15_060));
  api = `http://127.0.0.1:${lab.port(15_090)}/api`;
}, 60_000);
afterAll(async () => {
  await caller.close();
  await lab.close();
});

const text = (body: string): Part => ({ type: 'text/plain; charset=utf-8', body });

/** Sends a start and gives the chat as call takers see it, and its first message. */
async function sent(o: Travelling): Promise<ShownChat & { first: ShownMessage }> {
  const callId = callIdOf(randomIds.token(20));
  const answer = await caller.send({ ...o, headers: [...identify(callId, 257, 1), ...(o.headers ?? [])] });
  expect(answer.status).toBe(200);
  const shown = await chat(callId);
  const first = shown.messages[0];
  if (!first) throw new Error('nothing recorded');
  return { ...shown, first };
}

async function chat(id: string): Promise<ShownChat> {
  return (await (await fetch(`${api}/chats/${encodeURIComponent(id)}`)).json()) as ShownChat;
}

async function octets(shown: ShownChat, sequence: number, part: number): Promise<Response> {
  return fetch(`${api}/chats/${shown.chat}/parts/${sequence}/${part}`);
}

const every = Buffer.from(Array.from({ length: 4_096 }, (_, i) => (i * 31 + (i >> 8)) % 256));

describe('from the caller to the call taker, through the whole ESInet', () => {
  it(
    'any body part, octet by octet',
    { meta: { clause: ['TS 103 698 6.1.2.8', 'RFC 5621 3', 'RFC 8147 6'], shall: '6.1.2.8-5' } },
    async () => {
      const vcard = 'BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Ana Ñ\r\nEND:VCARD\r\n';
      const inner = bodyOf(
        { type: 'image/gif', id: 'same@x', body: every },
        { type: 'audio/amr', body: every },
      );
      const parts: Part[] = [
        text('look'),
        { type: 'image/jpeg', body: every, headers: [['Content-Transfer-Encoding', 'binary'], ['Content-Disposition', 'attachment; filename="the fire.jpg"']] },
        { type: 'text/vcard; charset=utf-8', body: vcard },
        { type: 'application/EmergencyCallData.eCall.MSD', id: '1234567890@atlanta.example.com', body: every.subarray(0, 140) },
        { type: inner.contentType, body: inner.body, headers: [['Content-Transfer-Encoding', '8bit']] },
        { type: 'application/x-one', id: 'same@x', body: every.toString('base64'), headers: [['Content-Transfer-Encoding', 'Base64']] },
        { type: 'application/x-two', body: '=41', headers: [['Content-Transfer-Encoding', 'x-none']] },
        { type: 'application/x-three', body: 'a=41=\r\nb', headers: [['Content-Transfer-Encoding', 'quoted-printable']] },
        { type: 'application/x-empty', body: '' },
      ]; // prettier-ignore
      const shown = await sent({
        ...bodyOf(...parts),
        headers: [['Call-Info', '<cid:1234567890@atlanta.example.com>;purpose=EmergencyCallData.eCall.MSD']],
      });
      expect(shown.first.text).toBe('look');
      expect(shown.first.data).toEqual([{ type: 'eCall.MSD', source: 'value', part: 3, fields: [] }]);
      expect(shown.first.problems).toEqual(['part: transfer encoding unknown']);
      const want: [string, Buffer, string?][] = [
        ['image/jpeg', every, 'the fire.jpg'],
        ['text/vcard', Buffer.from(vcard)],
        ['application/emergencycalldata.ecall.msd', every.subarray(0, 140)],
        ['image/gif', every],
        ['audio/amr', every],
        ['application/x-one', every],
        ['application/x-two', Buffer.from('=41')],
        ['application/x-three', Buffer.from('aAb')],
      ];
      expect(shown.first.otherParts?.map(({ contentType, bytes, filename }) => [contentType, bytes, filename])).toEqual(
        want.map(([type, body, filename]) => [type, body.length, filename]),
      ); // prettier-ignore
      for (const [i, part] of (shown.first.otherParts ?? []).entries()) {
        const answer = await octets(shown, shown.first.sequence, part.part);
        expect(answer.status).toBe(200);
        expect(Buffer.from(await answer.arrayBuffer()).equals(want[i]?.[1] ?? Buffer.alloc(0)), part.contentType).toBe(true);
        expect(answer.headers.get('content-disposition')).toMatch(/^attachment;/);
        expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
        expect(answer.headers.get('content-security-policy')).toContain('sandbox');
      } // prettier-ignore
      for (const path of ['parts/1/99', 'parts/99/1', 'parts/1/x', 'parts/-1/1']) {
        expect([400, 404]).toContain((await fetch(`${api}/chats/${shown.chat}/${path}`)).status);
      }
    },
  );

  it(
    'a single body that is no text, and a page that would run in a browser',
    { meta: { clause: 'TS 103 698 6.1.2.8' } },
    async () => {
      const shown = await sent({ contentType: 'image/png', body: every });
      expect(shown.first).toMatchObject({
        otherParts: [{ part: 0, contentType: 'image/png', bytes: every.length }],
      });
      expect(shown.first.text).toBeUndefined();
      const page = await sent(bodyOf(text('x'), { type: 'text/html', body: '<script>alert(1)</script>' }));
      const answer = await octets(page, 1, 1);
      expect(answer.headers.get('content-type')).toBe('application/octet-stream');
    },
  );

  const texts: [string, string][] = [
    ['emoji', 'fire 🔥🚒 \u{1F468}\u200D\u{1F469}\u200D\u{1F467} 🇪🇸'],
    ['right to left', '\u202Bمساعدة\u202C עזרה \u200F!'],
    ['a right-to-left override', 'photo\u202Egpj.exe'],
    ['nothing', ''],
    ['NUL and controls', 'a\0b\x07\x1b[2J\x7f'],
    ['lines', 'one\r\ntwo\n\nthree\r'],
    ['what looks like a boundary and a header', '--b\r\nContent-Type: x/y\r\n\r\n\r\n.\r\nSIP/2.0 200 OK\r\n\r\n'],
    ['markup', '<img src=x onerror=alert(1)> ${7*7} {{7*7}} \' OR 1=1 --'],
    ['64 kB', 'ñ'.repeat(32_768)],
    ['64 kB of emoji', '🔥'.repeat(16_384)],
  ]; // prettier-ignore
  it.each(texts)(
    'a text of %s',
    { meta: { clause: ['TS 103 698 6.1.2.8', 'TS 103 698 6.2.3'], shall: '6.1.2.8-3' } },
    async (_, body) => {
      const alone = await sent({ contentType: 'text/plain; charset=utf-8', body });
      expect(alone.first.text ?? '').toBe(body);
      const among = await sent(bodyOf(text(body), { type: 'image/png', body: every.subarray(0, 100) }));
      expect(among.first.text).toBe(body);
    },
  );

  it('no text longer than that', { meta: { clause: 'RFC 3261 21.4.11' } }, async () => {
    const answer = await caller.send({
      contentType: 'text/plain',
      body: 'x'.repeat(65_537),
      headers: identify(callIdOf(randomIds.token(20)), 257, 1),
    });
    expect(answer.status).toBe(413);
  });

  it('octets that are no text, as far as they go', { meta: { clause: 'TS 103 698 6.1.2.8' } }, async () => {
    const shown = await sent({
      contentType: 'text/plain; charset=utf-8',
      body: Buffer.concat([Buffer.from('año '), Buffer.from([0xed, 0xa0, 0x80, 0xff])]),
    });
    expect(shown.first).toMatchObject({ text: 'año \uFFFD\uFFFD\uFFFD\uFFFD', problems: ['text: not UTF-8'] });
  }); // prettier-ignore

  it(
    'who the caller is, as far as a stranger may say it',
    { meta: { clause: ['TS 103 698 6.1.2.11', 'RFC 3261 20.3', 'RFC 7315 5.4'], shall: '6.1.2.11-2' } },
    async () => {
      const shown = await sent({
        ...bodyOf(text('hola')),
        headers: [
          ['Call-Info', '<did:example:123456789abcdefghi>;purpose=EmergencyCallData.DID'],
          ['Content-Language', 'ca'],
          ['Accept-Language', 'en;q=0.3, es'],
          ['P-Access-Network-Info', '3GPP-E-UTRAN-FDD; utran-cell-id-3gpp=234151D0FCE11'],
        ],
      });
      expect(shown).toMatchObject({ did: 'did:example:123456789abcdefghi', languages: ['ca', 'es', 'en'] });
      // The border believes no stranger about the network.
      expect(shown.accessNetwork).toBeUndefined();
    },
  );

  const place = (lon: number, lat: number, extra = ''): string =>
    writePidfLo({
      entity: 'sip:ana@app.lab',
      shape: { type: 'point', position: [lon, lat] },
      timestamp: '2026-01-01T00:00:00Z',
      retentionExpiry: '2026-01-02T00:00:00Z',
    }).replace('</gp:geopriv>', `${extra}</gp:geopriv>`);

  it(
    'several locations: the one by value routes, all are kept, references are fetched',
    { meta: { clause: ['RFC 6442 4.1', 'TS 103 698 5.4.2'], shall: '5.4.2-3' } },
    async () => {
      const held = `http://127.0.0.1:${lab.port(15_985)}/held`;
      const asked = await fetch(held, {
        method: 'POST',
        headers: { 'content-type': 'application/held+xml' },
        body:
          '<locationRequest xmlns="urn:ietf:params:xml:ns:geopriv:held"><locationType exact="true">locationURI</locationType>' +
          '<device xmlns="urn:ietf:params:xml:ns:geopriv:held:id"><uri>sip:caller1@provider.lab</uri></device></locationRequest>',
      });
      const reference = /<locationURI>\s*([^<\s]+)/.exec(await asked.text())?.[1] ?? '';
      expect(reference).toMatch(/^http/);
      const callId = callIdOf(randomIds.token(20));
      const answer = await caller.send({
        ...bodyOf(
          text('here'),
          { type: 'application/pidf+xml', id: 'second@x', body: place(-0.37, 39.47) },
          { type: 'application/pidf+xml', id: 'first@x', body: place(2.17, 41.38) },
          { type: 'application/pidf+xml', body: place(-5.98, 37.39) },
        ),
        headers: [
          ...identify(callId, 257, 1),
          ['Geolocation', `<${reference}>, <cid:first@x>`],
          ['Geolocation', '<cid:second@x>, <http://127.0.0.1:9/not-allowed>'],
        ],
      });
      expect(answer.status).toBe(200);
      const found = await until(async () => {
        const shown = await chat(callId);
        return (shown.messages[0]?.locations?.length ?? 0) >= 4 ? shown : undefined;
      });
      expect(found.centre).toBe('catalunya');
      const locations = found.messages[0]?.locations ?? [];
      expect(locations.map(({ source }) => source)).toEqual(['value', 'value', 'value', 'reference']);
      expect(locations.slice(0, 3).map(({ shapes }) => shapes)).toEqual([
        [{ type: 'point', position: [2.17, 41.38] }],
        [{ type: 'point', position: [-0.37, 39.47] }],
        [{ type: 'point', position: [-5.98, 37.39] }],
      ]);
      expect(locations[3]?.shapes).toHaveLength(1);
    },
  );

  it(
    'additional data by value, wherever it stands',
    { meta: { clause: ['RFC 7852 6.1', 'RFC 7852 6.3', 'TS 103 698 6.1.2.7'], shall: '6.1.2.7-4' } },
    async () => {
      const ns = 'urn:ietf:params:xml:ns:EmergencyCallData:';
      const comment = (words: string): string =>
        `<EmergencyCallData.Comment xmlns="${ns}Comment"><DataProviderReference>r@x</DataProviderReference><Comment>${words}</Comment></EmergencyCallData.Comment>`;
      const provided = `<gp:provided-by><EmergencyCallDataValue xmlns="urn:ietf:params:xml:ns:EmergencyCallData">${comment('from the access network')}</EmergencyCallDataValue></gp:provided-by>`;
      const shown = await sent({
        ...bodyOf(
          text('help'),
          { type: 'application/EmergencyCallData.Comment+xml', id: 'c@x', body: comment('asthma') },
          { type: 'application/EmergencyCallData.DeviceInfo+xml', id: 'd@x', body: '<broken' },
          { type: 'application/EmergencyCallData.ServiceInfo+xml', body: `<s:EmergencyCallData.ServiceInfo xmlns:s="${ns}ServiceInfo"><s:ServiceType>VOIP</s:ServiceType></s:EmergencyCallData.ServiceInfo>` },
          { type: 'application/pidf+xml', id: 'loc@x', body: place(-3.7, 40.4, provided) },
        ),
        headers: [
          ['Geolocation', '<cid:loc@x>'],
          ['Call-Info', '<cid:c@x>;purpose=EmergencyCallData.Comment, <cid:d@x>;purpose=EmergencyCallData.DeviceInfo'],
          ['Call-Info', '<cid:missing@x>;purpose=EmergencyCallData.ProviderInfo'],
        ],
      }); // prettier-ignore
      expect(shown.first.data?.map(({ type, source, fields, problem }) => [type, source, fields[0]?.value, problem])).toEqual([
        ['Comment', 'value', 'asthma', undefined],
        ['DeviceInfo', 'value', undefined, 'XML: ill-formed'],
        ['ServiceInfo', 'value', 'VOIP', undefined],
        ['Comment', 'provided-by', 'from the access network', undefined],
      ]); // prettier-ignore
      expect(shown.first.problems).toEqual([
        'additional data: XML: ill-formed',
        'additional data: names no part of the body',
      ]);
    },
  );
});
