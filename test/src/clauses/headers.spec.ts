import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { callInfo } from '../interop/chat-body.js';
import { type BareLab, startBareLab } from './bare-lab.js';

let bare: BareLab;
beforeAll(async () => void (bare = await startBareLab()));
afterAll(() => bare.close());

const identifiers = (messageId: number, messageType: number, callId = 'headersofbothtables000000') =>
  callInfo({ callId, messageId, messageType, text: '', latitude: 0, longitude: 0 }).map(
    (value) => ['Call-Info', value] as const,
  );

/** Table 2, what a request may carry, each with the number of its row. */
const inRequests = [
  [2, 'Accept-Contact', '*;text;explicit'],
  [3, 'Accept', 'text/plain, multipart/mixed;q=0.5'],
  [4, 'Content-Encoding', 'identity'],
  [5, 'Accept-Encoding', 'gzip'],
  [6, 'Content-Language', 'es'],
  [7, 'Accept-Language', 'es, en;q=0.8'],
  [8, 'Content-Disposition', 'render'],
  [9, 'Allow', 'MESSAGE, OPTIONS'],
  [13, 'Expires', '60'],
  [14, 'Subject', 'emergency'],
  [15, 'Priority', 'emergency'],
  [16, 'Date', 'Sat, 21 Nov 2026 08:00:00 GMT'],
  [17, 'Timestamp', '54.2'],
  [18, 'Organization', 'Lab of the city'],
  [19, 'User-Agent', 'spec/1.0 (of a lab)'],
  [21, 'Authorization', 'Digest username="a", realm="b", nonce="c", uri="sip:d", response="e"'],
  [24, 'Proxy-Authorization', 'Digest username="f", realm="g", nonce="h", uri="sip:i", response="j"'],
  [28, 'In-Reply-To', 'one@a.example'],
] as const;

/** Table 2, what a response may carry. */
const inResponses = [
  [3, 'Accept', 'text/plain'],
  [5, 'Accept-Encoding', 'identity'],
  [7, 'Accept-Language', 'es'],
  [9, 'Allow', 'MESSAGE'],
  [16, 'Date', 'Sat, 21 Nov 2026 08:00:01 GMT'],
  [18, 'Organization', '112'],
  [20, 'Server', 'spec/1.0'],
  [22, 'Authentication-Info', 'nextnonce="47"'],
  [23, 'Proxy-Authenticate', 'Digest realm="x", nonce="y"'],
  [25, 'WWW-Authenticate', 'Digest realm="k", nonce="l"'],
  [26, 'Warning', '399 psap.lab "of no matter"'],
  [27, 'Error-Info', '<sip:announcement@psap.lab>'],
  [29, 'Retry-After', '5'],
] as const;

const tableTwo = (rows: readonly (readonly [number, string, string])[]) =>
  rows.map(([row]) => `6.1.2.4-${row}`);

it(
  'what table 2 accepts passes from APP to PSAP and back, octet by octet',
  {
    meta: {
      clause: 'TS 103 698 6.1.2.4',
      shall: [...new Set([...tableTwo(inRequests), ...tableTwo(inResponses)]), '6.1.2.4-1'],
    },
  },
  async () => {
    const headers = inRequests.map(([, name, value]) => [name, value] as const);
    const answer = inResponses.map(([, name, value]) => [name, value] as const);
    bare.psap.answer = () => ({ status: 200, headers: answer });
    bare.caller.answer = () => ({ status: 200, headers: answer });

    const there = await bare.fromCaller({ headers: [...identifiers(1, 257), ...headers] });
    const received = bare.psap.received.at(-1)?.message;
    for (const [name, value] of headers) expect(received?.header(name), name).toBe(value);
    expect(received?.header('Max-Forwards')).toBe('68');
    for (const [name, value] of answer) expect(there.header(name), name).toBe(value);

    const back = await bare.fromPsap({
      uri: 'sip:ana@provider.lab',
      from: 'sip:madrid@psap.esinet.internal',
      to: 'sip:ana@provider.lab',
      headers: [...identifiers(1, 257), ...headers],
    });
    const returned = bare.caller.received.at(-1)?.message;
    for (const [name, value] of headers) expect(returned?.header(name), name).toBe(value);
    expect(returned?.header('Max-Forwards')).toBe('69');
    for (const [name, value] of answer) expect(back.header(name), name).toBe(value);
  },
);

it(
  'an extension the PSAP does not know is refused by the PSAP, and the APP hears which',
  { meta: { clause: 'RFC 3261 8.2.2.3', shall: ['6.1.2.4-10', '6.1.2.4-11'] } },
  async () => {
    const refused = await bare.fromCaller({ headers: [...identifiers(2, 259), ['Require', 'x-spec']] });
    expect(refused.status).toBe(420);
    expect(refused.header('Unsupported')).toBe('x-spec');
    expect(refused.to?.tag).toBeDefined();
  },
);

it(
  'an extension no proxy knows is refused by the first',
  { meta: { clause: 'RFC 3261 16.3', shall: '6.1.2.4-12' } },
  async () => {
    const before = bare.psap.received.length;
    const refused = await bare.fromCaller({ headers: [...identifiers(3, 259), ['Proxy-Require', 'x-spec']] });
    expect(refused.status).toBe(420);
    expect(refused.header('Unsupported')).toBe('x-spec');
    expect(bare.psap.received).toHaveLength(before);
  },
);

describe('what table 1 requires', () => {
  const body = 'help: aquí';
  const fromEnd = [
    ['Geolocation', '<cid:place@provider.lab>'],
    ['Geolocation-Routing', 'yes'],
    ['P-Access-Network-Info', '3GPP-E-UTRAN-FDD; utran-cell-id-3gpp=21407000100101'],
    ['P-Asserted-Identity', '"Ana" <sip:ana@provider.lab>'],
    ['Call-Info', '<https://data.provider.lab/1>;purpose=EmergencyCallData.ProviderInfo'],
  ] as const;

  it(
    'passes from a trusted provider to the PSAP',
    {
      meta: {
        clause: 'TS 103 698 6.1.2.3',
        shall: [...Array.from({ length: 14 }, (_, i) => `6.1.2.3-${i + 1}`), '6.1.2.2-1'],
      },
    },
    async () => {
      bare.psap.answer = () => ({ status: 200 });
      const answer = await bare.fromProvider({
        body,
        callId: 'table-one@provider.lab',
        cseq: 4711,
        from: '"Ana" <sip:ana@provider.lab>;tag=from-tag',
        headers: [...identifiers(1, 257), ...fromEnd],
      });
      const [message] = bare.psap.received.slice(-1).map((r) => r.message);
      if (!message) throw new Error('nothing received');
      expect(message.requestUri).toBe('urn:service:sos');
      expect(message.header('To')).toBe('<urn:service:sos>');
      expect(message.header('From')).toBe('"Ana" <sip:ana@provider.lab>;tag=from-tag');
      expect(message.values('Via')).toHaveLength(3);
      expect(message.header('CSeq')).toBe('4711 MESSAGE');
      expect(message.header('Call-ID')).toBe('table-one@provider.lab');
      for (const [, value] of identifiers(1, 257)) expect(message.values('Call-Info')).toContain(value);
      for (const [name, value] of fromEnd) expect(message.values(name), name).toContain(value);
      expect(message.header('Content-Length')).toBe(String(Buffer.byteLength(body)));
      expect(message.header('Content-Type')).toBe('text/plain; charset=utf-8');
      expect(message.body.toString()).toBe(body);
      expect(message.values('History-Info').length).toBeGreaterThan(1);
      // RFC 3428 4: no dialog, so no addresses for one.
      for (const name of ['Contact', 'Record-Route']) expect(message.has(name), name).toBe(false);
      for (const name of ['Contact', 'Record-Route']) expect(answer.has(name), name).toBe(false);
      expect(answer.values('Via')).toHaveLength(1);
      expect(answer.header('Content-Length')).toBe('0');
    },
  );

  it(
    'comes back from the PSAP with a Reply-To that the APP can use',
    {
      meta: {
        clause: 'TS 103 698 6.1.2.3',
        shall: [3, 5, 6, 7, 8, 9, 15].map((row) => `6.1.2.3-${row}`),
      },
    },
    async () => {
      const chat = identifiers(1, 257, 'headersthatcomeback000000');
      await bare.fromCaller({ headers: chat });
      await bare.fromPsap({
        uri: 'sip:ana@provider.lab',
        from: '"112 Madrid" <sip:madrid@psap.esinet.internal>;tag=psap-tag',
        to: 'sip:ana@provider.lab',
        callId: 'table-one@psap.esinet.internal',
        cseq: 42,
        body,
        headers: [...chat, ['Reply-To', 'sip:madrid@psap.esinet.internal']],
      });
      const [message] = bare.caller.received.slice(-1).map((r) => r.message);
      expect(message?.header('From')).toBe('"112 Madrid" <sip:madrid@psap.esinet.internal>;tag=psap-tag');
      expect(message?.header('CSeq')).toBe('42 MESSAGE');
      expect(message?.header('Call-ID')).toBe('table-one@psap.esinet.internal');
      expect(message?.values('Call-Info')).toEqual(chat.map(([, value]) => value));
      expect(message?.header('Content-Length')).toBe(String(Buffer.byteLength(body)));
      expect(message?.header('Content-Type')).toBe('text/plain; charset=utf-8');
      expect(message?.body.toString()).toBe(body);
      expect(message?.header('Reply-To')).toBe('sip:madrid@esinet.lab');
    },
  );
});
