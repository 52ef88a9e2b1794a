import { askPosition, askWhere } from '@esinet/element-app';
import { until } from '@esinet/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Received, type RoamingLab, startRoamingLab } from './roaming-lab.js';

let lab: RoamingLab;
beforeAll(async () => void (lab = await startRoamingLab()), 60_000);
afterAll(() => lab.close());

const lisboa = { lat: 38.7223, lon: -9.1393 };
const porto = { lat: 41.1579, lon: -8.6291 };
const madrid = { lat: 40.4168, lon: -3.7038 };
const barcelona = { lat: 41.3874, lon: 2.1686 };
const timeout = 120_000;

/** What a PSAP has received of a chat, and what its caller's provider was given for the caller. */
const inward = (by: string, callId: string): Received[] => lab.requests(by, callId);
const outward = (by: string, callId: string): Received[] =>
  lab.requests(by, callId).filter(({ message }) => message.requestUri.startsWith('sip:caller'));

const firstRoad = [
  'app',
  'spain provider',
  'spain bcf',
  'spain esrp',
  'spain bcf',
  'portugal bcf',
  'portugal psap',
];
const laterRoad = ['app', 'spain provider', 'spain bcf', 'portugal bcf', 'portugal psap'];
const roadBack = ['portugal psap', 'portugal bcf', 'spain bcf', 'spain provider'];

describe('a subscriber of A who stands in B', () => {
  it(
    'is answered by B, and every later message goes by both borders and no ESRP',
    { meta: { clause: ['TS 103 698 D.2', 'TS 103 698 6.2.3'] }, timeout },
    async () => {
      const { client, hears } = await lab.caller('spain', { at: lisboa });
      expect((await client.start('Ajuda')).delivered).toBe(true);
      await hears('112 Sul');
      expect(client.target).toBe('sip:sul@portugal.lab');
      expect((await client.say('second')).delivered).toBe(true);
      await hears('112 Sul (lab) has received: second');
      expect(await lab.act('portugal', client.callId, 'messages', { text: 'on our way' })).toBe(201);
      await hears('on our way');
      expect((await client.stop('bye')).delivered).toBe(true);
      const chat = await lab.chat('portugal', client.callId, ({ phase }) => phase === 'closed');
      expect(chat.centre).toBe('sul');

      const { callId } = client;
      const [first, ...later] = inward('portugal psap', callId);
      expect(first && lab.roadTo(first)).toEqual(firstRoad);
      expect(later.length).toBeGreaterThanOrEqual(2);
      for (const each of later) expect(lab.roadTo(each)).toEqual(laterRoad);
      const answers = outward('spain provider', callId);
      expect(answers.length).toBeGreaterThanOrEqual(3);
      for (const each of answers) {
        expect(lab.roadTo(each)).toEqual(roadBack);
        expect(each.message.header('Reply-To')).toBe('sip:sul@portugal.lab');
      }
      // The first message is the only one that any ESRP has seen.
      expect(lab.requests('spain esrp', callId)).toHaveLength(1);
      expect(lab.requests('portugal esrp', callId)).toHaveLength(0);
    },
  );

  it(
    'keeps identity, identifiers, priority and history on the way',
    {
      meta: {
        clause: ['TS 103 698 D.2', 'TS 103 698 6.1.2.5', 'TS 103 698 6.1.2.6', 'TS 103 698 6.1.2.7'],
      },
      timeout,
    },
    async () => {
      const { client, hears } = await lab.caller('spain', { at: porto, as: 'caller2' });
      await client.start('Ajuda');
      await hears('112 Norte');
      await client.say('more');
      await hears('received: more');
      const sent = lab.requests('spain provider', client.callId)[0];
      const [first, ...later] = inward('portugal psap', client.callId);
      for (const value of sent?.message.values('Call-Info') ?? []) {
        expect(first?.message.values('Call-Info')).toContain(value);
      }
      // TS 103 698 6.1.2.7: of whoever handled the call first.
      expect(client.callId).toMatch(/:app\.lab$/);
      expect(first?.message.values('Resource-Priority')).toEqual(['esnet.1']);
      expect(first?.message.header('P-Asserted-Identity')).toBe('<sip:caller2@provider.lab>');
      expect(first?.message.values('Route')).toEqual(['<sip:norte@psap.portugal.internal;lr>']);
      expect(first?.message.values('History-Info').at(-1)).toContain('<sip:norte@psap.portugal.internal>');
      expect(first?.message.requestUri).toBe('urn:service:sos');
      for (const { message } of later) {
        expect(message.requestUri).toBe('sip:norte@psap.portugal.internal');
        expect(message.values('Resource-Priority')).toEqual(['esnet.1']);
        expect(message.header('P-Asserted-Identity')).toBe('<sip:caller2@provider.lab>');
      }
      for (const { message } of outward('spain provider', client.callId)) {
        expect(message.values('Resource-Priority').every((value) => value === 'esnet.0')).toBe(true);
      }
      await client.stop();
    },
  );

  it(
    'stays with B when it moves back into A, and its keep-alives and places go the same way',
    { meta: { clause: ['TS 103 698 D.2', 'TS 103 698 6.2.5'] }, timeout },
    async () => {
      const { client, hears } = await lab.caller('spain', {
        at: lisboa,
        as: 'caller3',
        timing: { heartbeatMs: 200, silenceMs: 60_000 },
      });
      await client.start('Ajuda');
      await hears('112 Sul');
      client.move(madrid);
      await client.say('over the border');
      await hears('received: over the border');
      await until(() => inward('portugal psap', client.callId).length > 5);
      const [, ...later] = inward('portugal psap', client.callId);
      for (const each of later) expect(lab.roadTo(each)).toEqual(laterRoad);
      expect(later.some(({ message }) => message.body.includes('40.4168 -3.7038'))).toBe(true);
      expect(client.target).toBe('sip:sul@portugal.lab');
      expect(lab.requests('spain psap', client.callId)).toEqual([]);
      await client.stop();
    },
  );

  it(
    'is called back by B after the chat',
    { meta: { clause: ['TS 103 698 D.2', 'TS 103 698 6.1.2.5', 'RFC 7090 3'] }, timeout },
    async () => {
      const { client, hears } = await lab.caller('spain', { at: lisboa, as: 'caller4' });
      await client.start('Ajuda');
      await hears('112 Sul');
      await client.stop('bye');
      await lab.chat('portugal', client.callId, ({ phase }) => phase === 'closed');
      expect(
        await lab.act('portugal', client.callId, 'call-back', { text: 'Are you safe now?' }),
      ).toBeLessThan(300);
      await hears('Are you safe now?');
      const call = outward('spain provider', client.callId).at(-1);
      expect(call && lab.roadTo(call)).toEqual(roadBack);
      expect(call?.message.header('Priority')).toBe('psap-callback');
      expect(call?.message.values('Resource-Priority')).toEqual(['esnet.0']);
    },
  );

  it(
    'without a provider is answered over the way it came in, and goes on by both borders',
    { meta: { clause: ['TS 103 698 D.2', 'TS 103 698 6.2.3'] }, timeout },
    async () => {
      const { client, hears } = await lab.caller('spain', { at: porto, as: null });
      expect((await client.start('Ajuda')).delivered).toBe(true);
      await hears('112 Norte');
      expect((await client.say('second')).delivered).toBe(true);
      await hears('received: second');
      const [first, ...later] = inward('portugal psap', client.callId);
      expect(first && lab.roadTo(first)).toEqual(['app', ...firstRoad.slice(2)]);
      for (const each of later) expect(lab.roadTo(each)).toEqual(['app', ...laterRoad.slice(2)]);
      expect(lab.requests('spain esrp', client.callId)).toHaveLength(1);
      expect((await client.stop()).delivered).toBe(true);
    },
  );

  it(
    'tells its place by reference: A routes by it, and B fetches it from the LIS of A',
    { meta: { clause: ['TS 103 698 D.2', 'RFC 6442 4', 'RFC 5985 4'] }, timeout },
    async () => {
      const position = await askPosition({
        held: `http://127.0.0.1:${lab.port('spain', 15_985)}/held`,
        device: [{ kind: 'uri', value: 'sip:caller9@provider.lab' }],
      });
      const uris = position.ok ? position.value.locations.filter((each) => 'uri' in each) : [];
      expect(uris.length).toBeGreaterThan(0);
      const { client, hears } = await lab.caller('spain', { locations: uris, as: 'caller9' });
      await client.start('Ajuda');
      await hears('112 Sul');
      const chat = await lab.chat('portugal', client.callId, ({ messages }) => {
        return messages.some(({ locations }) => locations?.some(({ source }) => source === 'reference'));
      });
      expect(chat.centre).toBe('sul');
      await client.stop();
    },
  );
});

describe('a subscriber of B who stands in A', () => {
  it(
    'is answered by A the same way round',
    { meta: { clause: ['TS 103 698 D.2', 'TS 103 698 6.2.3'] }, timeout },
    async () => {
      const { client, hears } = await lab.caller('portugal', { at: barcelona });
      expect((await client.start('Ajuda')).delivered).toBe(true);
      await hears('112 Catalunya');
      expect(client.target).toBe('sip:catalunya@esinet.lab');
      expect((await client.say('second')).delivered).toBe(true);
      await hears('received: second');
      await client.stop();
      const [first, ...later] = inward('spain psap', client.callId);
      expect(first && lab.roadTo(first)).toEqual([
        'app',
        'portugal provider',
        'portugal bcf',
        'portugal esrp',
        'portugal bcf',
        'spain bcf',
        'spain psap',
      ]);
      for (const each of later) {
        expect(lab.roadTo(each)).toEqual([
          'app',
          'portugal provider',
          'portugal bcf',
          'spain bcf',
          'spain psap',
        ]);
      }
      for (const each of outward('portugal provider', client.callId)) {
        expect(lab.roadTo(each)).toEqual(['spain psap', 'spain bcf', 'portugal bcf', 'portugal provider']);
      }
    },
  );
});

it(
  'who stands at home is answered there, and no message crosses the border',
  { meta: { clause: 'TS 103 698 D.1' }, timeout },
  async () => {
    const { client, hears } = await lab.caller('spain', { at: madrid, as: 'caller5' });
    await client.start('Ayuda');
    await hears('112 Madrid');
    await client.say('second');
    await hears('received: second');
    await client.stop();
    expect(lab.requests('portugal bcf', client.callId)).toEqual([]);
  },
);

describe('a chat between the PSAPs of two ESInets', () => {
  it(
    'is transferred by HTTP-3 from B to A, and back',
    { meta: { clause: ['TS 103 698 6.2.6', 'TS 103 698 6.3.2', 'TS 103 698 D.2'] }, timeout },
    async () => {
      const { client, hears } = await lab.caller('spain', { at: lisboa, as: 'caller6' });
      await client.start('on the bridge');
      await hears('112 Sul');
      const to = 'sip:extremadura@esinet.lab';
      expect(await lab.act('portugal', client.callId, 'transfer', { to })).toBeLessThan(300);
      await until(() => client.target === to && client.phase === 'open');
      await client.say('in Badajoz');
      const atHome = await lab.chat('spain', client.callId, ({ messages }) => {
        return messages.some(({ text }) => text === 'in Badajoz');
      });
      expect(atHome.messages.find(({ text }) => text === 'on the bridge')?.imported).toBeDefined();
      // Home again: nothing crosses the border any more.
      const last = inward('spain psap', client.callId).at(-1);
      expect(last && lab.roadTo(last)).toEqual(['app', 'spain provider', 'spain bcf', 'spain psap']);
      expect(
        await lab.act('spain', client.callId, 'transfer', { to: 'sip:norte@portugal.lab' }),
      ).toBeLessThan(300);
      await until(() => client.target === 'sip:norte@portugal.lab' && client.phase === 'open');
      await client.say('in Porto');
      const back = inward('portugal psap', client.callId).at(-1);
      expect(back && lab.roadTo(back)).toEqual(laterRoad);
      await client.stop();
    },
  );

  it(
    'is redirected from A to B',
    { meta: { clause: ['TS 103 698 6.2.7', 'TS 103 698 D.2'] }, timeout },
    async () => {
      const { client, hears } = await lab.caller('spain', { at: madrid, as: 'caller7' });
      await client.start('Ayuda');
      await hears('112 Madrid');
      const to = 'sip:sul@portugal.lab';
      expect(await lab.act('spain', client.callId, 'redirect', { to })).toBeLessThan(300);
      await hears('112 Sul');
      await until(() => client.target === to && client.phase === 'open');
      await client.say('hello');
      const [last] = inward('portugal psap', client.callId).slice(-1);
      expect(last && lab.roadTo(last)).toEqual(laterRoad);
      expect(lab.requests('spain esrp', client.callId)).toHaveLength(1);
      await client.stop();
    },
  );
});

describe('the LoST servers', () => {
  const ask = (port: number, iterative: boolean) =>
    askWhere({
      lost: `http://127.0.0.1:${port}/lost`,
      latitude: lisboa.lat,
      longitude: lisboa.lon,
      service: 'urn:service:sos',
      iterative,
    });

  it(
    'answer for the neighbour by asking the forest guide, which only names the server',
    { meta: { clause: ['TS 103 698 D.2', 'RFC 5582 8', 'RFC 5222 13.3'] }, timeout },
    async () => {
      const answer = await ask(lab.port('spain', 15_222), false);
      expect(answer).toMatchObject({
        ok: true,
        value: {
          kind: 'mapping',
          mapping: { source: 'ecrf.portugal.lab', uris: ['sip:sul@psap.portugal.internal'] },
          path: ['ecrf.esinet.lab', 'fg.lab', 'ecrf.portugal.lab'],
        },
      });
      expect(await ask(lab.port('spain', 15_322), true)).toMatchObject({
        ok: true,
        value: { kind: 'redirect', target: 'ecrf.portugal.lab', source: 'fg.lab' },
      });
    },
  );
});
