import type { LoopbackAgent } from '@esinet/testing';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Fixture, borderWith, somebodyAt, startOf, statusOf } from './border-fixture.js';

let border: Fixture;
const agents: LoopbackAgent[] = [];

beforeEach(async () => {
  border = await borderWith({
    abuse: {
      address: { rate: 0.001, burst: 20 },
      identity: { rate: 1, burst: 15 },
      ownAnswers: { rate: 0.001, burst: 8 },
      reservePercent: 50,
    },
  });
});
afterEach(async () => {
  await Promise.all(agents.splice(0).map((agent) => agent.stop()));
  await border.close();
});

async function at(address: string): Promise<LoopbackAgent> {
  const agent = await somebodyAt(address);
  agents.push(agent);
  return agent;
}

it(
  'one source that floods is answered a few times and then no more; twenty others get all through',
  { meta: { clause: 'RFC 3261 26.3.2.4' } },
  async () => {
    const destination = border.listener('public-udp');
    const flooding = await at('127.0.1.1');
    const outcomes: (number | string)[] = [];
    for (let i = 0; i < 40; i++) {
      void flooding
        .send({ ...startOf(`flood${i}`), destination })
        .then((outcome) => outcomes.push(statusOf(outcome)));
    }
    const quiet = await Promise.all(Array.from({ length: 20 }, (_, i) => at(`127.0.2.${i + 1}`)));
    const answers = await Promise.all(
      quiet.map((agent, i) => agent.send({ ...startOf(`quiet${i}`), destination })),
    );
    expect(answers.map(statusOf)).toEqual(Array.from({ length: 20 }, () => 200));
    // Ten stand above the reserve; eight refusals are told, and the rest is silence.
    await expect.poll(() => outcomes.length).toBe(18);
    expect(outcomes.filter((status) => status === 200)).toHaveLength(10);
    expect(outcomes.filter((status) => status === 480)).toHaveLength(8);
    expect(await border.metrics()).toMatch(
      /esinet_bcf_limited_total\{reason="address",outcome="dropped",element="bcf"\} \d/,
    );
    const told = border.events.filter(({ subject }) => subject === 'events.bcf.limited');
    expect(told).toHaveLength(1);
    expect(JSON.stringify(told)).not.toContain('127.0.1.1');
  },
);

it(
  'a chat of the same address that runs goes on while new ones are refused',
  { meta: { clause: 'TS 103 698 6.1.2.5' } },
  async () => {
    const destination = border.listener('public-udp');
    const [anna, flooding] = [await at('127.0.1.2'), await at('127.0.1.2')];
    expect(statusOf(await anna.send({ ...startOf('anna'), destination }))).toBe(200);
    for (let i = 0; i < 12; i++) void flooding.send({ ...startOf(`noise${i}`), destination });
    const refused = await flooding.send({ ...startOf('noise-last'), destination });
    expect(statusOf(refused)).toBe(480);
    if (refused.kind !== 'response') throw new Error('no response');
    expect(Number(refused.message.header('Retry-After'))).toBeGreaterThanOrEqual(5);
    for (let i = 0; i < 3; i++) {
      const next = {
        ...startOf('anna'),
        uri: 'sip:madrid@esinet.lab',
        to: 'sip:madrid@esinet.lab',
        destination,
      };
      expect(statusOf(await anna.send(next))).toBe(200);
    }
    expect(border.psap.received).toHaveLength(3);
    // What goes from inside to her is not counted at all.
    const reply = {
      ...startOf('anna'),
      uri: 'sip:anna@app.example',
      to: 'sip:anna@app.example',
      from: 'sip:madrid@psap.esinet.internal',
      destination: border.listener('private-tcp'),
    };
    expect(statusOf(await border.psap.send(reply))).toBe(200);
    expect(anna.received).toHaveLength(1);
  },
);

it(
  'what looks for open doors is told nothing after a while',
  { meta: { clause: 'RFC 3261 26.1' } },
  async () => {
    const destination = border.listener('public-udp');
    const scanner = await at('127.0.1.3');
    const answered: (number | string)[] = [];
    for (let i = 0; i < 10; i++) {
      const uri = `sip:${100 + i}@elsewhere.example`;
      void scanner
        .send({ method: 'OPTIONS', uri, to: uri, from: `sip:${100 + i}@1.1.1.1`, destination })
        .then((outcome) => answered.push(statusOf(outcome)));
    }
    await expect.poll(() => answered.length).toBe(8);
    expect(new Set(answered)).toEqual(new Set([404]));
    const honest = await at('127.0.1.4');
    expect(statusOf(await honest.send({ ...startOf('honest'), destination }))).toBe(200);
  },
);

it(
  'one test call in two minutes',
  { meta: { clause: 'TS 103 698 6.1.2.10', shall: '6.1.2.10-1' } },
  async () => {
    const destination = border.listener('public-udp');
    const tester = await at('127.0.1.5');
    const test = (name: string, user: string) =>
      tester.send({
        ...startOf(name, user),
        uri: 'urn:service:sos.test',
        to: 'urn:service:sos.test',
        destination,
      });
    border.esrp.answer = () => ({ status: 486 });
    expect(statusOf(await test('test1', 'eva'))).toBe(486);
    border.esrp.answer = () => ({ status: 200 });
    // The one that failed does not count.
    expect(statusOf(await test('test2', 'eva'))).toBe(200);
    expect(statusOf(await test('test3', 'eva'))).toBe(486);
    expect(statusOf(await test('test4', 'other'))).toBe(200);
    expect(statusOf(await tester.send({ ...startOf('real', 'eva'), destination }))).toBe(200);
  },
);
