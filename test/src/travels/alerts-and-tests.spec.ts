import { randomIds } from '@esinet/kernel';
import { readIdentifiers } from '@esinet/lmpe';
import { writePidfLo } from '@esinet/location';
import { until } from '@esinet/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Lab, startLab } from '../lab.js';
import { type Part, Traveller, bodyOf, callIdOf, identify } from './traveller.js';

interface ShownAlert {
  readonly alert: string;
  readonly centre: string;
  readonly sender: string;
  readonly text?: string;
  readonly error?: { readonly code: number };
  readonly data?: readonly {
    type: string;
    part?: number;
    fields: readonly { name: string; value: string }[];
  }[];
  readonly locations?: readonly unknown[];
  readonly problems?: readonly string[];
}

let lab: Lab;
let api: string;
const open: Traveller[] = [];
beforeAll(async () => {
  lab = await startLab();
  api = `http://127.0.0.1:${lab.port(15_090)}/api`;
}, 60_000);
afterAll(async () => {
  for (const one of open) await one.close();
  await lab.close();
});

async function traveller(): Promise<Traveller> {
  const one = await Traveller.open(lab.port(15_060));
  open.push(one);
  return one;
}

async function get<T>(path: string): Promise<T> {
  return (await (await fetch(`${api}/${path}`)).json()) as T;
}

const alerts = async (): Promise<readonly ShownAlert[]> =>
  (await get<{ alerts: ShownAlert[] }>('alerts')).alerts;
const chats = async (): Promise<readonly { callId: string }[]> =>
  (await get<{ chats: { callId: string }[] }>('chats')).chats;

const capType = 'application/EmergencyCallData.cap+xml';
const capInfo: [string, string] = ['Call-Info', '<cid:cap@x>;purpose=EmergencyCallData.cap'];

function cap(identifier: string, info = '<info><category>Fire</category><event>SMOKE</event></info>'): Part {
  return {
    type: capType,
    id: 'cap@x',
    headers: [['Content-Disposition', 'by-reference;handling=optional']],
    body:
      `<?xml version="1.0"?><alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>${identifier}</identifier>` +
      '<sender>sip:sensor@app.lab</sender><sent>2026-01-01T00:00:00-00:00</sent><status>Actual</status>' +
      `<msgType>Alert</msgType><scope>Private</scope><incidents>i</incidents>${info}</alert>`,
  };
}

const madrid: Part = {
  type: 'application/pidf+xml',
  id: 'loc@x',
  body: writePidfLo({
    entity: 'sip:sensor@app.lab',
    shape: { type: 'circle', center: [-3.7038, 40.4168], radius: 25 },
    timestamp: '2026-01-01T00:00:00Z',
    retentionExpiry: '2026-01-02T00:00:00Z',
  }),
};
const geolocation: [string, string] = ['Geolocation', '<cid:loc@x>'];

describe('a non-interactive call', () => {
  it(
    'is routed, recorded, shown and answered, and begins no chat',
    { meta: { clause: ['RFC 8876 4.1', 'RFC 8876 4.3', 'TS 103 698 6.1.2.2'], shall: '6.1.2.2-2' } },
    async () => {
      const sensor = await traveller();
      const before = (await chats()).length;
      const message = { ...bodyOf(cap('A-1'), madrid), headers: [geolocation, capInfo] };
      const answer = await sensor.send(message);
      expect(answer.status).toBe(200);
      expect(answer.message.has('AlertMsg-Error')).toBe(false);
      const [alert] = await alerts();
      expect(alert).toMatchObject({ centre: 'madrid', sender: sensor.uri });
      expect(alert?.data?.[0]).toMatchObject({ type: 'cap', part: 0 });
      expect(alert?.data?.[0]?.fields).toContainEqual({ name: 'event', value: 'SMOKE' });
      expect(alert?.locations).toHaveLength(1);
      expect(await (await fetch(`${api}/alerts/${alert?.alert}/parts/0`)).text()).toContain(
        '<identifier>A-1',
      );
      // Sent again because the answer was lost: the same alert.
      expect((await sensor.send(message)).status).toBe(200);
      expect((await alerts()).filter(({ sender }) => sender === sensor.uri)).toHaveLength(1);
      expect((await sensor.send({ ...message, ...bodyOf(cap('A-2'), madrid) })).status).toBe(200);
      expect((await alerts()).filter(({ sender }) => sender === sensor.uri)).toHaveLength(2);
      await new Promise((resolve) => setTimeout(resolve, 200));
      expect(sensor.received).toEqual([]);
      expect(await chats()).toHaveLength(before);
      expect(lab.events.some(({ subject }) => subject === 'events.psap.alert')).toBe(true);
    },
  );

  const bad: [string, Part[], [string, string][], number, string | undefined][] = [
    ['cut off, with a location', [{ ...cap('x'), body: '<alert' }, madrid], [geolocation, capInfo], 200, '103'],
    ['cut off, with a text', [{ ...cap('x'), body: '<alert' }, { type: 'text/plain', body: 'smoke' }], [capInfo], 200, '103'],
    ['cut off, with nothing else', [{ ...cap('x'), body: '<alert' }], [capInfo], 425, '103'],
    ['with a DOCTYPE and nothing else', [{ ...cap('x'), body: '<!DOCTYPE a><alert/>' }], [], 425, '100'],
    ['of no CAP and nothing else', [{ ...cap('x'), body: '<alert xmlns="urn:x"/>' }], [capInfo], 425, '100'],
    ['without an event and nothing else', [cap('x', '')], [capInfo], 425, '102'],
    ['without an event, with a location', [cap('y', ''), madrid], [geolocation, capInfo], 200, '102'],
    ['announced and not there', [madrid], [geolocation, capInfo], 200, '101'],
    ['announced and not there, with nothing else', [{ type: 'application/x-empty', body: '' }], [capInfo], 200, '101'],
    ['by reference', [madrid], [geolocation, ['Call-Info', '<https://127.0.0.1:9/cap>;purpose=EmergencyCallData.cap']], 200, undefined],
  ]; // prettier-ignore
  it.each(bad)(
    '%s',
    { meta: { clause: ['RFC 8876 5.1', 'RFC 8876 5.2'] } },
    async (_, parts, headers, status, error) => {
      const sensor = await traveller();
      const answer = await sensor.send({ ...bodyOf(...parts), headers });
      expect([answer.status, answer.message.header('AlertMsg-Error')?.slice(0, 3)]).toEqual([status, error]);
      const shown = (await alerts()).filter(({ sender }) => sender === sensor.uri);
      expect(shown).toHaveLength(status === 200 ? 1 : 0);
      if (status === 200 && error !== undefined) expect(shown[0]?.error?.code).toBe(Number(error));
      expect(sensor.received).toEqual([]);
    },
  );

  it(
    'becomes a chat when a start with a Call Identifier asks for one',
    { meta: { clause: ['RFC 8876 4.3', 'TS 103 698 D.3', 'RFC 8876 5.2'] } },
    async () => {
      const thing = await traveller();
      const callId = callIdOf(randomIds.token(20));
      const start = await thing.send({
        ...bodyOf(cap('C-1'), madrid),
        headers: [...identify(callId, 257, 1), geolocation, capInfo],
      });
      expect(start.status).toBe(200);
      const [greeting] = await thing.of(callId);
      expect(readIdentifiers(greeting?.values('Call-Info') ?? []).messageType).toBe(257);
      const more = await thing.send({
        uri: greeting?.header('Reply-To') ?? '',
        ...bodyOf({ ...cap('C-2'), body: '<alert' }),
        headers: [...identify(callId, 259, 2), capInfo],
      });
      expect(more.status).toBe(200);
      expect(more.message.header('AlertMsg-Error')).toBe('103;message="Alert is not well-formed"');
      const shown = await get<{ messages: { direction: string; data?: { type: string }[] }[] }>(
        `chats/${encodeURIComponent(callId)}`,
      );
      expect(
        shown.messages.filter((m) => m.direction === 'in').map((m) => m.data?.map(({ type }) => type)),
      ).toEqual([['cap'], ['cap']]);
      expect((await alerts()).filter(({ sender }) => sender === thing.uri)).toEqual([]);
    },
  );
});

describe('a test call', () => {
  it.each(['urn:service:sos.test', 'urn:service:sos.fire.test', 'urn:service:test.sos', 'urn:service:test.sos.police'])(
    '%s through the whole ESInet',
    { meta: { clause: ['TS 103 698 6.1.2.10', 'RFC 6881 15'] } },
    async (uri) => {
      const tester = await traveller();
      const callId = callIdOf(randomIds.token(20));
      const before = (await chats()).length;
      const message = {
        uri,
        to: uri,
        ...bodyOf({ type: 'text/plain', body: 'test' }, madrid),
        headers: [...identify(callId, 257, 1), geolocation],
      };
      const watched: string[] = [];
      const stream = new AbortController();
      const reading = read(`${api}/events`, stream.signal, watched);
      expect((await tester.send(message)).status).toBe(200);
      const [answer] = await tester.of(callId);
      expect(readIdentifiers(answer?.values('Call-Info') ?? [])).toMatchObject({ messageType: 258, messageId: 1 });
      const [name, service, where] = answer?.body.toString('utf8').split('\r\n') ?? [];
      expect(name).toMatch(/^112 Madrid/);
      expect(service).toBe(uri);
      expect(where).toBe('40.41680 N, 3.70380 W, within 25 m');
      expect((await tester.send({ ...message, headers: [...identify(callIdOf(randomIds.token(20)), 257, 1)] })).status).toBe(486);
      // What an APP still sends in that chat reaches nobody either.
      const on = { uri: answer?.header('Reply-To') ?? '', to: uri };
      expect((await tester.send({ ...on, headers: identify(callId, 260) })).status).toBe(200);
      expect((await tester.send({ ...on, headers: identify(callId, 258, 2) })).status).toBe(200);
      stream.abort();
      await reading;
      expect(watched.join('')).not.toContain(callId);
      expect(await chats()).toHaveLength(before);
      expect((await get<{ tests: { callId: string; answer: string }[] }>('tests')).tests).toContainEqual(
        expect.objectContaining({ callId, asked: uri }),
      );
      expect(tester.received).toHaveLength(1);
      const events = lab.events.filter(({ payload }) => payload['callId'] === callId && payload['element'] === 'psap');
      expect(events).toEqual([]);
    },
  ); // prettier-ignore

  it(
    'by reference, dereferenced before the answer',
    { meta: { clause: ['TS 103 698 6.1.2.10', 'RFC 6881 15'], shall: '6.1.2.10-17' } },
    async () => {
      const asked = await fetch(`http://127.0.0.1:${lab.port(15_985)}/held`, {
        method: 'POST',
        headers: { 'content-type': 'application/held+xml' },
        body:
          '<locationRequest xmlns="urn:ietf:params:xml:ns:geopriv:held"><locationType exact="true">locationURI</locationType>' +
          '<device xmlns="urn:ietf:params:xml:ns:geopriv:held:id"><uri>sip:caller1@provider.lab</uri></device></locationRequest>',
      });
      const reference = /<locationURI>\s*([^<\s]+)/.exec(await asked.text())?.[1] ?? '';
      const tester = await traveller();
      const callId = callIdOf(randomIds.token(20));
      const answer = await tester.send({
        uri: 'urn:service:sos.test',
        to: 'urn:service:sos.test',
        headers: [...identify(callId, 257, 1), ['Geolocation', `<${reference}>`]],
      });
      expect(answer.status).toBe(200);
      const [ended] = await tester.of(callId);
      expect(ended?.body.toString()).toMatch(/\r\n40\.\d+ N, 3\.\d+ W/);
    },
  );

  it('a real chat that says it is a test goes on', { meta: { clause: 'TS 103 698 6.2.3' } }, async () => {
    const person = await traveller();
    const callId = callIdOf(randomIds.token(20));
    const start = { ...bodyOf({ type: 'text/plain', body: 'help' }, madrid), headers: [...identify(callId, 257, 1), geolocation] };
    expect((await person.send(start)).status).toBe(200);
    await person.of(callId);
    const confused = { uri: 'urn:service:sos.test', to: 'urn:service:sos.test', ...bodyOf({ type: 'text/plain', body: 'really' }, madrid) };
    expect((await person.send({ ...confused, headers: [...identify(callId, 259, 2), geolocation] })).status).toBe(200);
    const shown = await until(async () => {
      const chat = await get<{ messages: { text?: string }[] }>(`chats/${encodeURIComponent(callId)}`);
      return chat.messages.some(({ text }) => text === 'really') ? chat : undefined;
    });
    expect(shown.messages.map(({ text }) => text)).toContain('help');
  }); // prettier-ignore
});

/** Reads an event stream until it is ended. */
async function read(url: string, signal: AbortSignal, into: string[]): Promise<void> {
  try {
    const answer = await fetch(url, { signal });
    const decoder = new TextDecoder();
    for await (const chunk of answer.body ?? [])
      into.push(decoder.decode(chunk as Uint8Array, { stream: true }));
  } catch {
    // ended by the test
  }
}
