import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Lab, startLab } from '../lab.js';
import { Wire, chatMessage } from './wire.js';

let lab: Lab;
let wire: Wire;

beforeAll(async () => {
  lab = await startLab();
  wire = await Wire.open();
});
afterAll(async () => {
  await wire.close();
  await lab.close();
});

const start = (chat: string): Buffer =>
  chatMessage({ wire, chat: chat.padEnd(26, 'x'), messageType: 257, messageId: 1, text: 'help' });

const smuggled =
  'MESSAGE urn:service:sos SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bKsmuggled\r\nMax-Forwards: 70\r\n' +
  'From: <sip:smuggled@app.lab>;tag=s\r\nTo: <urn:service:sos>\r\nCall-ID: smuggled@app.lab\r\nCSeq: 1 MESSAGE\r\n' +
  'Call-Info: <urn:emergency:uid:callid:smuggledxxxxxxxxxxxxxxxxxx:app.lab>; purpose=EmergencyCallData.CallId\r\n' +
  'Content-Type: text/plain\r\nContent-Length: 4\r\n\r\nhelp';

const withLines = (bytes: string, more: string): string =>
  bytes.replace('\r\nMax-Forwards', `${more}\r\nMax-Forwards`);
const lines = (bytes: string, total: number): string =>
  '\r\nX-Line: x'.repeat(total + 1 - bytes.slice(0, bytes.indexOf('\r\n\r\n')).split('\r\n').length);
const filled = (octets: number): string =>
  `\r\nX-Long: ${'x'.repeat(8_000)}\r\nX-More: ${'x'.repeat(octets - 8_020)}`;
const vias = (count: number): string => '\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKmore'.repeat(count);
const withBody = (bytes: string, octets: number): string =>
  bytes
    .slice(0, bytes.indexOf('\r\n\r\n'))
    .replace(/^(Content-Length: )\d+/m, `$1${octets}`)
    .concat('\r\n\r\n', 'x'.repeat(octets));

/** What is fine in a datagram, but must not go into a stream as it is. */
const odd: readonly (readonly [string, (bytes: string) => string])[] = [
  ['without Content-Length', (bytes) => bytes.replace(/^Content-Length: \d+\r\n/m, '')],
  ['with octets after its body', (bytes) => bytes + smuggled],
  ['with a Content-Length of 0 before its body', (bytes) => bytes.replace(/^(Content-Length: )\d+/m, '$10')],
  ['with a Content-Length in two forms', (bytes) => bytes.replace(/^(Content-Length: \d+)/m, '$1\r\nl: 4')],
  [
    'with a folded Content-Length',
    (bytes) => bytes.replace(/^Content-Length: (\d+)/m, 'Content-Length:\r\n $1'),
  ],
  ['with a compact Content-Length', (bytes) => bytes.replace(/^Content-Length: (\d+)/m, 'l : $1')],
  ['with line ends before it', (bytes) => `\r\n\r\n${bytes}`],
  // At a limit: one more on the way is too many.
  ['with as many header lines as may be', (bytes) => withLines(bytes, lines(bytes, 200))],
  ['with almost as many header lines as may be', (bytes) => withLines(bytes, lines(bytes, 196))],
  [
    'with a header as long as may be',
    (bytes) => withLines(bytes, filled(16_350 - bytes.indexOf('\r\n\r\n'))),
  ],
  [
    'with almost as long a header as may be',
    (bytes) => withLines(bytes, filled(15_800 - bytes.indexOf('\r\n\r\n'))),
  ],
  ['with as many Via values as may be', (bytes) => withLines(bytes, vias(69))],
  ['as long as may be', (bytes) => withBody(bytes, 64_600)],
  ['almost as long as may be', (bytes) => withBody(bytes, 64_000)],
];

it.each(odd)(
  'a datagram %s does no harm to messages that share its way',
  { meta: { clause: ['RFC 3261 18.3', 'RFC 3261 20.14'] }, timeout: 30_000 },
  async (what, change) => {
    const name = what.replaceAll(/[^a-z]/gu, '');
    const others: Promise<number | undefined>[] = [];
    for (let i = 0; i < 20; i++) {
      const bytes = change(start(`odd${i}${name}`).toString('latin1'));
      wire.sendOnce(lab.port(15_060), Buffer.from(bytes, 'latin1'));
      others.push(wire.send(lab.port(15_060), start(`by${i}${name}`)).then((answer) => answer?.status));
    }
    expect(new Set(await Promise.all(others))).toEqual(new Set([200]));
    expect(lab.events.filter(({ payload }) => JSON.stringify(payload).includes('smuggled'))).toEqual([]);
  },
);

it(
  'a datagram without Content-Length is delivered like any other',
  { meta: { clause: ['RFC 3261 18.3', 'RFC 3261 20.14'] } },
  async () => {
    const bytes = start('nolength')
      .toString('latin1')
      .replace(/^Content-Length: \d+\r\n/m, '');
    expect((await wire.send(lab.port(15_060), Buffer.from(bytes, 'latin1')))?.status).toBe(200);
    expect((await lab.chat('nolength')).messages[0]).toMatchObject({ direction: 'in', text: 'help' });
  },
);
