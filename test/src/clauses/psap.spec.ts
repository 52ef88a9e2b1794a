import { psapConfigSchema } from '@esinet/element-psap';
import { ManualClock } from '@esinet/kernel';
import { type PsapEvent, newPsapSession, psapSession } from '@esinet/lmpe';
import { until } from '@esinet/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Lab, startLab } from '../lab.js';
import { type Outside, openOutside } from './bare-lab.js';
import { draft, idOf, messagesOf as of, typeOf } from './psap-side.js';

const rows = (clause: string, ...numbers: number[]) => numbers.map((number) => `${clause}-${number}`);

let lab: Lab;
let outside: Outside;
beforeAll(async () => {
  lab = await startLab((config) => ({
    ...config,
    psap: { ...config.psap, script: 'greet', heartbeat: 150 },
    bcf: { ...config.bcf, domains: {} },
  }));
  outside = await openOutside(lab);
});
afterAll(async () => {
  await lab.close();
  await outside.close();
});

const identifiersOf = (callId: string) => `<urn:emergency:uid:callid:${callId}:provider.lab>`;

describe('the PSAP', () => {
  const callId = 'clausesofthepsap0000000001';

  it(
    'answers a start with 200 and a start of its own',
    {
      meta: {
        clause: 'TS 103 698 6.2.2',
        shall: [
          ...rows('6.2.2', 8, 9, 10, 11, 12, 13, 14, 15, 16),
          ...rows('6.2.3', 7),
          ...rows('6.1.2.5', 1, 8, 10, 11),
          ...rows('6.1.2.7', 10, 11, 13, 14, 15, 16, 19),
          ...rows('6.1.2.8', 3),
          '5.4.2-2',
          '5.4.2-4',
          '6.1.2.3-15',
        ],
      },
    },
    async () => {
      const answer = await outside.fromProvider({
        ...draft(callId, 1, 257),
        from: '<sip:device-7@phones.provider.lab>;tag=a',
        headers: [...draft(callId, 1, 257).headers, ['P-Asserted-Identity', '<sip:ana@provider.lab>']],
      });
      expect(answer.status).toBe(200);
      const start = await until(() => of(outside.provider, callId, 257)[0]);
      expect(start.method).toBe('MESSAGE');
      expect(start.requestUri).toBe('sip:ana@provider.lab');
      expect(start.header('Reply-To')).toBe('sip:madrid@esinet.lab');
      expect(start.header('Content-Type')).toBe('text/plain; charset=utf-8');
      expect(start.body.toString()).toContain('112 Madrid');
      expect(start.header('Resource-Priority')).toBe('esnet.0');
      const [call = '', id = '', type = ''] = start.values('Call-Info');
      expect(call).toBe(`${identifiersOf(callId)};purpose=EmergencyCallData.CallId`);
      expect(id).toMatch(/^<urn:emergency:service:uid:msgid:1:[\w.-]+>;purpose=EmergencyCallData\.MsgId$/);
      expect(type).toMatch(
        /^<urn:emergency:service:uid:msgtype:257:[\w.-]+>;purpose=EmergencyCallData\.MsgType$/,
      );
    },
  );

  it(
    'goes on with in-chat messages, keep-alives and a stop, all of them to the asserted identity',
    {
      meta: {
        clause: ['TS 103 698 6.2.3', 'TS 103 698 6.2.4', 'TS 103 698 6.2.5'],
        shall: [
          ...rows('6.2.3', 1, 7, 9, 10, 11, 12),
          ...rows('6.2.4', 1, 8, 9, 10, 11, 12, 13),
          ...rows('6.2.5', 2, 9, 10, 11, 12),
          ...rows('6.1.2.7', 12, 13, 21, 22, 23, 24),
        ],
      },
    },
    async () => {
      await lab.say(callId, 'Where are you?');
      await lab.say(callId, 'Is somebody hurt?');
      await until(() => of(outside.provider, callId, 260).length > 2);
      await lab.stop(callId, 'Closed by the call taker.');
      const stop = await until(() => of(outside.provider, callId, 258)[0]);
      expect(stop.body.toString()).toBe('Closed by the call taker.');
      const all = of(outside.provider, callId);
      for (const message of all) {
        expect(message.requestUri).toBe('sip:ana@provider.lab');
        expect(message.header('Reply-To')).toBe('sip:madrid@esinet.lab');
        expect(message.values('Call-Info')[0]).toContain(identifiersOf(callId));
      }
      const counted = all.filter((message) => typeOf(message) !== 260);
      expect(counted.map((message) => `${typeOf(message)}/${idOf(message)}`)).toEqual([
        '257/1',
        '259/2',
        '259/3',
        '258/4',
      ]);
      expect(of(outside.provider, callId, 260).map(idOf)).toEqual(
        of(outside.provider, callId, 260).map(() => undefined),
      );
    },
  );

  it(
    'sends to the From of who asserts nothing',
    {
      meta: {
        clause: 'TS 103 698 6.2.3',
        shall: [...rows('6.2.3', 8), ...rows('6.2.4', 8), ...rows('6.2.5', 9)],
      },
    },
    async () => {
      const other = 'clausesofthepsap0000000002';
      await outside.fromCaller({
        ...draft(other, 1, 257),
        from: '<sip:berta@app.lab>;tag=b',
        headers: [...draft(other, 1, 257).headers, ['P-Asserted-Identity', '<sip:someone@else.lab>']],
      });
      await until(() => of(outside.caller, other, 257)[0]);
      await lab.say(other, 'Where are you?');
      await until(() => of(outside.caller, other, 260)[0]);
      await lab.stop(other, 'Closed.');
      await until(() => of(outside.caller, other, 258)[0]);
      for (const message of of(outside.caller, other)) expect(message.requestUri).toBe('sip:berta@app.lab');
    },
  );

  it(
    'gets every later message of the chat, by its Reply-To alone',
    { meta: { clause: 'TS 103 698 6.2.1', shall: ['6.2.1-1', '6.2.2-16'] } },
    async () => {
      const third = 'clausesofthepsap0000000003';
      await outside.fromCaller({ ...draft(third, 1, 257), from: '<sip:carla@app.lab>;tag=c' });
      const start = await until(() => of(outside.caller, third, 257)[0]);
      const publicUri = start.header('Reply-To') ?? '';
      // From Barcelona now: a chat does not change its PSAP with its place.
      const answer = await outside.fromCaller({
        ...draft(third, 2, 259, 'moved', { latitude: 41.3874, longitude: 2.1686 }),
        uri: publicUri,
        to: publicUri,
        from: '<sip:carla@app.lab>;tag=c',
      });
      expect(answer.status).toBe(200);
      const shown = await lab.chat(third, ({ messages }) => messages.some(({ text }) => text === 'moved'));
      expect(shown.centre).toContain('madrid');
      expect(shown.messages.filter(({ text }) => text === 'moved')).toHaveLength(1);
    },
  );

  it(
    'sends keep-alives at least every 20 s, and cannot be told to send them less often',
    { meta: { clause: 'TS 103 698 6.2.5', shall: '6.2.5-8' } },
    () => {
      const { heartbeat } = psapConfigSchema.parse({});
      expect(heartbeat).toBeLessThanOrEqual(20_000);
      expect(psapConfigSchema.safeParse({ heartbeat: '21 s' }).success).toBe(false);

      const clock = new ManualClock();
      const sent: number[] = [];
      let session = newPsapSession({ callId: 'urn:x', caller: 'sip:ana@app.lab', greeting: 'hello' });
      const apply = (event: PsapEvent): void => {
        const [next, effects] = psapSession(session, event);
        session = next;
        for (const effect of effects) {
          if (effect.type === 'send') sent.push(clock.now());
          if (effect.type === 'set-timer' && effect.timer === 'heartbeat')
            clock.after(effect.ms, () => apply({ type: 'timer', timer: 'heartbeat' }));
        }
      };
      const heard = (messageType: number, reference: string): void =>
        apply({ type: 'received', sender: 'sip:ana@app.lab', messageType, reference });
      heard(257, 'start');
      for (let seconds = 0; seconds < 600; seconds += 20) {
        clock.advance(20_000);
        heard(260, `keep-alive ${seconds}`);
      }
      expect(sent.length).toBeGreaterThan(30);
      sent.forEach((at, i) => expect(at - (sent[i - 1] ?? at)).toBeLessThanOrEqual(20_000));
    },
  );
});

describe('a call-back', () => {
  it(
    'is marked within an incident, and not outside of it',
    {
      meta: {
        clause: ['TS 103 698 6.1.2.5', 'RFC 7090 5'],
        shall: ['6.1.2.5-8', '6.1.2.5-9', '6.1.2.5-11'],
      },
    },
    async () => {
      const callId = 'calledbackinthelab0000001';
      await outside.fromCaller({ ...draft(callId, 1, 257), from: '<sip:sara@app.lab>;tag=s' });
      await until(() => of(outside.caller, callId, 257)[0]);
      const chat = `http://127.0.0.1:${lab.port(15_090)}/api/chats/${encodeURIComponent(`urn:emergency:uid:callid:${callId}:provider.lab`)}`;
      const callBack = async (text: string, incident: boolean) => {
        await lab.stop(callId, 'Closed.');
        const before = of(outside.caller, callId, 257).length;
        const asked = await fetch(`${chat}/call-back`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ text, incident }),
        });
        expect(asked.ok).toBe(true);
        return until(() => of(outside.caller, callId, 257)[before]);
      };
      const within = await callBack('We cannot find you.', true);
      expect(within.values('Resource-Priority')).toEqual(['esnet.0']);
      expect(within.header('Priority')).toBe('psap-callback');
      const after = await callBack('Are you well again?', false);
      expect(after.has('Resource-Priority')).toBe(false);
      expect(after.header('Priority')).not.toBe('psap-callback');
      expect(after.body.toString()).toBe('Are you well again?');
    },
  );
});

describe('a call that insists on its priority', () => {
  it(
    'is taken by PSAP and proxies, which know the namespace, and say so when asked',
    {
      meta: {
        clause: ['TS 103 698 6.1.2.5', 'RFC 4412 4.3', 'RFC 4412 4.4', 'RFC 7135 4'],
        shall: ['6.1.2.5-1', '6.1.2.5-2', '6.1.2.5-10', '6.1.2.4-11', '6.1.2.4-12'],
      },
    },
    async () => {
      const callId = 'insistsonpriority00000001';
      const { headers, ...rest } = draft(callId, 1, 257);
      const answer = await outside.fromCaller({
        ...rest,
        from: '<sip:rosa@app.lab>;tag=r',
        headers: [
          ...headers,
          ['Require', 'resource-priority'],
          ['Proxy-Require', 'resource-priority'],
          ['Resource-Priority', 'ets.0'],
        ],
      });
      expect(answer.status).toBe(200);
      await until(() => of(outside.caller, callId, 257)[0]);
      for (const [transport, port] of [
        ['tcp', 15_060],
        ['tcp', 15_070],
        ['tcp', 15_075],
      ] as const) {
        const outcome = await outside.caller.send({
          method: 'OPTIONS',
          uri: `sip:127.0.0.1:${lab.port(port)}`,
          to: `sip:127.0.0.1:${lab.port(port)}`,
          from: '<sip:rosa@app.lab>;tag=o',
          destination: { transport, address: '127.0.0.1', port: lab.port(port) },
        });
        if (outcome.kind !== 'response') throw new Error(outcome.reason);
        expect(outcome.message.values('Supported'), String(port)).toContain('resource-priority');
        expect(outcome.message.values('Accept-Resource-Priority')).toContain('esnet.1');
      }
    },
  );
});

describe('over UDP', () => {
  it(
    'messages many packets long arrive whole, both ways',
    { meta: { clause: ['TS 103 698 6.1.1', 'RFC 3261 18.1.1'], shall: '6.1.1-5' } },
    async () => {
      const callId = 'largerthananypacket000001';
      const long = (word: string) => word.repeat(5_000);
      const outcome = await outside.caller.send({
        method: 'MESSAGE',
        uri: 'urn:service:sos',
        to: 'urn:service:sos',
        from: '<sip:udo@app.lab>;tag=u',
        ...draft(callId, 1, 257, long('¡Socorro! ')),
        destination: { transport: 'udp', address: '127.0.0.1', port: lab.port(15_060) },
      });
      expect(outcome).toMatchObject({ message: { status: 200 } });
      await until(() => of(outside.caller, callId, 257)[0]);
      await lab.say(callId, long('Wir kommen '));
      const answer = await until(() => of(outside.caller, callId, 259)[0]);
      expect(answer.body.toString()).toBe(long('Wir kommen '));
      const last = outside.caller.received.at(-1);
      expect(last?.flow.transport).toBe('udp');
      const { messages } = await lab.chat(callId);
      expect(messages[0]?.text).toBe(long('¡Socorro! '));
    },
  );
});

describe('a message whose identifiers are written as the prose has them', () => {
  it(
    'belongs to its chat like one that is written as the example has them',
    { meta: { clause: 'TS 103 698 6.1.2.7', shall: rows('6.1.2.7', 6, 9, 14) } },
    async () => {
      const unique = 'proseofthetext00000000001';
      const prose = (id: number, type: number, text: string) => ({
        headers: [
          `<urn:emergency:service:uid:callid:${unique}:provider.lab>;purpose=EmergencyCallData.CallId`,
          `<urn:emergency:service:uid:msgid:${id}:provider.lab>;purpose=EmergencyChatData.MsgId`,
          `<urn:emergency:service:uid:msgtype:${type}:provider.lab>;purpose=EmergencyCallData.MsgType`,
        ].map((value) => ['Call-Info', value] as const),
        body: text,
        from: '<sip:dora@app.lab>;tag=d',
      });
      await outside.fromCaller(prose(1, 257, 'first'));
      const start = await until(() => of(outside.caller, unique, 257)[0]);
      const uri = start.header('Reply-To') ?? '';
      await outside.fromCaller({ ...prose(2, 259, 'second'), uri, to: uri });
      const shown = await lab.chat(unique, ({ messages }) => messages.some(({ text }) => text === 'second'));
      const texts = shown.messages.filter(({ direction, text }) => direction === 'in' && text);
      expect(texts.map(({ messageId, messageType, text }) => [messageId, messageType, text])).toEqual([
        [1, 257, 'first'],
        [2, 259, 'second'],
      ]);
    },
  );
});
