import { until } from '@esinet/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Lab, startLab } from '../lab.js';
import { type Outside, openOutside } from './bare-lab.js';
import { draft, idOf, messagesOf, typeOf } from './psap-side.js';

const rows = (clause: string, ...numbers: number[]) => numbers.map((number) => `${clause}-${number}`);

const heartbeat = 150;
let lab: Lab;
let outside: Outside;
beforeAll(async () => {
  lab = await startLab((config) => ({
    ...config,
    psap: {
      ...config.psap,
      script: 'greet',
      heartbeat,
      transfer: { ...config.psap.transfer, accept: 'auto' },
    },
    bcf: { ...config.bcf, domains: {} },
  }));
  outside = await openOutside(lab);
});
afterAll(async () => {
  await lab.close();
  await outside.close();
});

const uriOf = (callId: string) => `urn:emergency:uid:callid:${callId}:provider.lab`;
const target = 'sip:catalunya@psap.esinet.internal';
const madrid = 'sip:madrid@esinet.lab';
const catalunya = 'sip:catalunya@esinet.lab';

/** A message of the caller, whom its provider vouches for. */
function send(
  callId: string,
  id: number,
  type: number,
  uri = 'urn:service:sos',
  text = 'help',
  more: [string, string][] = [],
) {
  const { headers, ...rest } = draft(callId, id, type, text);
  return outside.fromProvider({
    ...rest,
    uri,
    to: uri,
    from: '<sip:device-7@phones.provider.lab>;tag=a',
    headers: [...headers, ['P-Asserted-Identity', '<sip:ana@provider.lab>'], ...more],
  });
}

/** A chat at Madrid in which the PSAP has said two things. */
async function open(callId: string): Promise<void> {
  await send(callId, 1, 257);
  await until(() => received(callId, 257)[0]);
  await lab.say(callId, 'Where are you?');
  await until(() => received(callId, 259)[0]);
}

const received = (callId: string, type?: number) => messagesOf(outside.provider, callId, type);

function ask(callId: string, what: 'transfer' | 'redirect') {
  return fetch(
    `http://127.0.0.1:${lab.port(15_090)}/api/chats/${encodeURIComponent(uriOf(callId))}/${what}`,
    {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ to: target }),
    },
  );
}

const quiet = () => new Promise((resolve) => setTimeout(resolve, 4 * heartbeat));

describe('a transfer, as the APP sees it', () => {
  const callId = 'handedoverinthelab00000001';

  it(
    'begins with a 266 that takes the last number, and ends with a 265 that takes the next',
    {
      meta: {
        clause: 'TS 103 698 6.2.6',
        shall: [
          ...rows('6.2.6', 1, 3, 4, 5, 6, 7, 8, 9, 13, 14, 15, 16, 17, 18, 20),
          '6.1.2.7-25',
          '6.3.4-1',
        ],
      },
    },
    async () => {
      await open(callId);
      expect((await ask(callId, 'transfer')).ok).toBe(true);
      const start = await until(() => received(callId, 265)[0]);
      const [stop] = received(callId, 266);
      expect(received(callId, 266)).toHaveLength(1);
      expect(stop?.requestUri).toBe('sip:ana@provider.lab');
      expect(stop?.header('Reply-To')).toBe(madrid);
      expect(stop?.values('Call-Info').join()).toContain(`<${uriOf(callId)}>`);
      expect(stop && idOf(stop)).toBe(2);
      expect(stop?.body.toString()).not.toBe('');

      expect(start.requestUri).toBe('sip:ana@provider.lab');
      expect(start.header('Reply-To')).toBe(catalunya);
      expect(start.values('Call-Info').join()).toContain(`<${uriOf(callId)}>`);
      expect(idOf(start)).toBe(3);
      expect(start.body.toString()).toContain('112 Catalunya');

      expect((await send(callId, 2, 259, catalunya, 'still here')).status).toBe(200);
      await quiet();
      const all = received(callId);
      const after = all.slice(all.findIndex((message) => typeOf(message) === 266) + 1);
      expect(after.length).toBeGreaterThan(1);
      for (const message of after) expect(message.header('From')).toContain(target);
    },
  );

  it(
    'that the APP does not agree to leaves the chat where it was',
    { meta: { clause: ['TS 103 698 6.2.6', 'TS 103 698 6.3.4'], shall: '6.3.4-2' } },
    async () => {
      const other = 'handedoverinthelab00000002';
      await open(other);
      outside.provider.answer = (message) => ({ status: typeOf(message) === 266 ? 403 : 200 });
      await ask(other, 'transfer');
      await until(() => received(other, 266)[0]);
      await quiet();
      outside.provider.answer = () => ({ status: 200 });
      for (const message of received(other, 265))
        expect(message.header('From')).toContain('sip:madrid@psap.esinet.internal');
      expect((await send(other, 2, 259, madrid, 'still here')).status).toBe(200);
      const shown = await lab.chat(other, ({ messages }) =>
        messages.some(({ text }) => text === 'still here'),
      );
      expect(shown.centre).toContain('madrid');
    },
  );
});

describe('a redirection, as the APP sees it', () => {
  const callId = 'handedoverinthelab00000003';

  it(
    'is a 274 with the last number and the name of the target, and then silence',
    {
      meta: {
        clause: 'TS 103 698 6.2.7',
        shall: [...rows('6.2.7', 1, 2, 3, 4, 5, 6, 7, 8), '6.1.2.7-26'],
      },
    },
    async () => {
      await open(callId);
      expect((await ask(callId, 'redirect')).ok).toBe(true);
      const stop = await until(() => received(callId, 274)[0]);
      expect(stop.requestUri).toBe('sip:ana@provider.lab');
      expect(stop.header('Reply-To')).toBe(catalunya);
      expect(stop.values('Call-Info').join()).toContain(`<${uriOf(callId)}>`);
      expect(idOf(stop)).toBe(2);
      expect(stop.body.toString()).not.toBe('');
      await quiet();
      expect(received(callId).at(-1)).toBe(stop);
    },
  );

  it(
    'is followed by a start of the target, once the APP has gone there',
    {
      meta: { clause: 'TS 103 698 6.2.7', shall: rows('6.2.7', 19, 20, 21, 22, 23, 24, 25, 26) },
    },
    async () => {
      const before = received(callId).length;
      const answer = await send(callId, 2, 273, catalunya, 'help, again', [
        ['History-Info', `<${madrid}>;index=1`],
      ]);
      expect(answer.status).toBe(200);
      const start = await until(() => received(callId, 257)[1]);
      expect(received(callId).indexOf(start)).toBeGreaterThanOrEqual(before);
      expect(start.requestUri).toBe('sip:ana@provider.lab');
      expect(start.header('Reply-To')).toBe(catalunya);
      expect(start.values('Call-Info').join()).toContain(`<${uriOf(callId)}>`);
      expect(idOf(start)).toBe(1);
      expect(start.body.toString()).toContain('112 Catalunya');
      expect((await send(callId, 3, 259, catalunya, 'here I am')).status).toBe(200);
    },
  );
});
