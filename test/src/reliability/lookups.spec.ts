import { join } from 'node:path';
import { parseDatagram } from '@esinet/sip';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Lab, startLab } from '../lab.js';
import {
  type Behaviour,
  type FarSide,
  answers,
  closes,
  drips,
  endless,
  fails,
  farSide,
  foreignUri,
  garbage,
  hang,
  laughs,
  lies,
  lostLoop,
  lostRedirect,
  otherNamespace,
  redirectsHome,
  refuses,
} from './far-side.js';
import { rawRequests } from './psap-process.js';
import { Wire, chatMessage } from './wire.js';

const place =
  '<?xml version="1.0"?><presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:g="urn:ietf:params:xml:ns:pidf:geopriv10" ' +
  'xmlns:gml="http://www.opengis.net/gml" entity="pres:c@app.lab"><tuple id="t"><status><g:geopriv><g:location-info>' +
  '<gml:Point srsName="urn:ogc:def:crs:EPSG::4326"><gml:pos>42.8 -1.6</gml:pos></gml:Point></g:location-info>' +
  '<g:usage-rules/></g:geopriv></status></tuple></presence>';

let lab: Lab;
let ecrf: FarSide;
let lis: FarSide;
let wire: Wire;
/** Chats that took the default route, and what has to be said about it. */
const defaulted: string[] = [];

beforeAll(async () => {
  [ecrf, lis, wire] = await Promise.all([farSide(), farSide(), Wire.open()]);
  lab = await startLab((config) => ({
    ...config,
    esrp: {
      ...config.esrp,
      ecrf: {
        ...config.esrp.ecrf,
        url: `http://127.0.0.1:${ecrf.port}/lost`,
        redirects: { 'ecrf.esinet.lab': `http://127.0.0.1:${ecrf.port}/lost` },
        // Each behaviour is met, however many failed before it.
        breaker: { failures: 1_000, pause: 1_000 },
        cache: { ...config.esrp.ecrf.cache, entries: 0 },
      },
      held: { ...config.esrp.held, allowedHosts: [`127.0.0.1:${lis.port}`] },
    },
    psap: { ...config.psap, held: { ...config.psap.held, allowedHosts: [`127.0.0.1:${lis.port}`] } },
  }));
});
afterAll(async () => {
  await lab.close();
  await Promise.all([ecrf.close(), lis.close(), wire.close()]);
});

/** The unique part of a Call Identifier (TS 103 698 6.1.2.7). */
function chatName(who: string, what: string): string {
  return `${who}${what.replaceAll(' ', '')}`.padEnd(36, 'x');
}

function byValue(chat: string): Buffer {
  const part = 'place-part';
  return chatMessage({
    wire,
    chat,
    messageType: 257,
    messageId: 1,
    headers: [
      ['Geolocation', '<cid:p@app.lab>'],
      ['Geolocation-Routing', 'yes'],
    ],
    contentType: `multipart/mixed; boundary=${part}`,
    text: [
      `--${part}\r\nContent-Type: text/plain\r\n\r\nhelp`,
      `--${part}\r\nContent-Type: application/pidf+xml\r\nContent-ID: <p@app.lab>\r\n\r\n${place}`,
      `--${part}--\r\n`,
    ].join('\r\n'),
  });
}

function byReference(chat: string): Buffer {
  return chatMessage({
    wire,
    chat,
    messageType: 257,
    messageId: 1,
    headers: [
      ['Geolocation', `<http://127.0.0.1:${lis.port}/loc/abc>`],
      ['Geolocation-Routing', 'yes'],
    ],
    text: 'help',
  });
}

/** Milliseconds to a 200 from the default centre. */
async function takesDefault(bytes: Buffer, chat: string, of: Lab = lab): Promise<number> {
  const begun = performance.now();
  const answer = await wire.send(of.port(15_060), bytes, 10_000);
  const took = performance.now() - begun;
  expect(answer?.status).toBe(200);
  expect((await of.chat(chat)).centre).toBe('default');
  return took;
}

/** Two seconds are the budget of RELIABILITY F09 and F11; the rest is the way of the message. */
const longestMs = 2_500;

describe('an ECRF that', () => {
  it.each<[string, Behaviour]>([
    ['does not answer', hang],
    ['answers 500', fails],
    ['answers octets that are no XML', garbage],
    ['answers 5 MB', endless],
    ['answers one octet a second', drips],
    ['redirects by HTTP to itself', redirectsHome],
    ['redirects by LoST to itself', lostRedirect],
    ['answers that there is a loop', lostLoop],
    ['answers in another namespace', otherNamespace],
    ['answers a document with entities', laughs],
    ['answers a URI that is no SIP', foreignUri],
    ['closes the connection', closes],
    ['ends in the middle of its answer', lies],
  ])(
    '%s costs a call its place, never its answer',
    { meta: { clause: ['RFC 5222 14', 'RFC 5222 13.1', 'TS 103 698 6.1.2.9'] }, timeout: 20_000 },
    async (what, behaviour) => {
      ecrf.behave = behaviour;
      const before = ecrf.asked;
      const chat = chatName('ecrf', what);
      expect(await takesDefault(byValue(chat), chat)).toBeLessThan(longestMs);
      expect(ecrf.asked).toBeGreaterThan(before);
      defaulted.push(chat);
    },
  );
});

describe('a LIS that', () => {
  it.each<[string, Behaviour]>([
    ['does not answer', hang],
    ['answers 500', fails],
    ['answers 401', refuses],
    ['answers octets that are no XML', garbage],
    ['answers 5 MB', endless],
    ['answers one octet a second', drips],
    ['redirects to itself', redirectsHome],
    ['answers in another namespace', otherNamespace],
    [
      'answers an error',
      answers('<error xmlns="urn:ietf:params:xml:ns:geopriv:held" code="locationUnknown"/>'),
    ],
    [
      'answers a location without any',
      answers('<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="pres:x@y"/>'),
    ],
    ['closes the connection', closes],
    ['ends in the middle of its answer', lies],
  ])(
    '%s costs a call its place, never its answer',
    { meta: { clause: ['RFC 6753 5', 'RFC 6442 4.2'] }, timeout: 20_000 },
    async (what, behaviour) => {
      lis.behave = behaviour;
      const before = lis.asked;
      const chat = chatName('lis', what);
      expect(await takesDefault(byReference(chat), chat)).toBeLessThan(longestMs);
      expect(lis.asked).toBeGreaterThan(before);
      defaulted.push(chat);
    },
  );
});

it(
  'the PSAP reads in each of them why it was chosen',
  { meta: { clause: ['RFC 7044 5', 'RFC 3326 2'] } },
  async () => {
    await lab.running.close();
    const raw = await rawRequests(join(lab.config.data, 'records'));
    for (const chat of defaulted) {
      const bytes = raw.find((request) => request.includes(chat));
      const parsed = parseDatagram(bytes ?? Buffer.alloc(0));
      const message = parsed.kind === 'message' ? parsed.message : undefined;
      const history = message?.values('History-Info') ?? [];
      expect(history.at(-1), chat).toContain('default@psap.esinet.internal');
      expect(
        history.some((entry) => entry.includes('Reason=')),
        `${chat}: ${history.join(' ')}`,
      ).toBe(true);
    }
  },
);

it(
  'an ECRF that was silent three times is left alone for a while, and calls no longer wait for it',
  { meta: { clause: 'RFC 5222 14' }, timeout: 30_000 },
  async () => {
    ecrf.behave = hang;
    const other = await startLab((config) => ({
      ...config,
      esrp: {
        ...config.esrp,
        ecrf: { ...config.esrp.ecrf, url: `http://127.0.0.1:${ecrf.port}/lost` },
      },
    }));
    try {
      const took: number[] = [];
      for (let i = 0; i < 8; i++) {
        const chat = chatName('breaker', String(i));
        took.push(await takesDefault(byValue(chat), chat, other));
      }
      const [first, ...rest] = [Math.min(...took.slice(0, 3)), ...took.slice(3)];
      const asked = ecrf.asked;
      await takesDefault(byValue(chatName('breaker', 'last')), chatName('breaker', 'last'), other);
      expect(ecrf.asked).toBe(asked);
      for (const ms of rest) expect(ms).toBeLessThan(first / 2);
    } finally {
      await other.close();
    }
  },
);
