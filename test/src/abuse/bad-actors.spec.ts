import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readEmergencySource } from '@esinet/sip';
import type { LoopbackAgent } from '@esinet/testing';
import { afterEach, expect, it } from 'vitest';
import { type Fixture, borderWith, somebodyAt, startOf, statusOf } from './border-fixture.js';

const meta = { clause: 'NENA i3 BadActors' };
let border: Fixture;
const agents: LoopbackAgent[] = [];
afterEach(async () => {
  await Promise.all(agents.splice(0).map((agent) => agent.stop()));
  await border.close();
});

async function at(address: string): Promise<LoopbackAgent> {
  const agent = await somebodyAt(address);
  agents.push(agent);
  return agent;
}

function report(id: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`${border.http}/BadActors`, {
    method: 'POST',
    headers: { 'content-type': 'text/plain' },
    body: id,
    ...init,
  });
}

it('reported, limited, undone; all of it in the audit trail', { meta }, async () => {
  border = await borderWith({ badActors: { rate: { rate: 0.001, burst: 1 } } });
  const destination = border.listener('public-udp');
  const [eve, anna] = [await at('127.0.3.1'), await at('127.0.3.2')];
  const say = async (agent: LoopbackAgent, name: string) =>
    statusOf(await agent.send({ ...startOf(name), destination }));
  const forged = ['Call-Info', '<abc@bcf.esinet.lab>;purpose=emergency-source;suspicion=1'] as const;
  const first = startOf('eve1');
  await eve.send({ ...first, headers: [...first.headers, forged], destination });
  const got = border.esrp.received[0]!.message;
  const source = readEmergencySource(got);
  expect(source?.id).toMatch(/^[0-9a-f]{32}@bcf\.esinet\.lab$/);
  expect(source?.suspicion).toBeUndefined();
  expect(got.values('Call-Info').filter((value) => value.includes('emergency-source'))).toHaveLength(1);

  const reported = await report(source?.id ?? '');
  expect(reported.status).toBe(201);
  expect(await reported.json()).toMatchObject({ id: source?.id, action: 'limit', address: '127.0.3.1' });
  expect([await say(eve, 'eve2'), await say(eve, 'eve3'), await say(anna, 'anna')]).toEqual([200, 480, 200]);
  // What still gets through says what is thought of it.
  expect(readEmergencySource(border.esrp.received[1]!.message)?.suspicion).toBe(80);

  const list = (await (await fetch(`${border.http}/BadActors`)).json()) as { badActors: unknown[] };
  expect(list.badActors).toMatchObject([{ id: source?.id, refused: 1 }]);
  const undo = () =>
    fetch(`${border.http}/BadActors/${encodeURIComponent(source?.id ?? '')}`, { method: 'DELETE' });
  expect((await undo()).status).toBe(200);
  expect((await undo()).status).toBe(404);
  expect(await say(eve, 'eve4')).toBe(200);

  const trail = (await readFile(join(border.folder, 'bad-actors.jsonl'), 'utf8')).trim().split('\n');
  expect(trail.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    { what: 'reported', id: source?.id, by: '127.0.0.1', action: 'limit' },
    { what: 'undone', id: source?.id, by: '127.0.0.1' },
  ]);
  const events = border.events.filter(({ subject }) => subject === 'events.bcf.bad-actor');
  expect(events.map(({ payload }) => payload['what'])).toEqual(['reported', 'undone']);
  for (const secret of ['sip:eve', 'eve1', '127.0.3.1'])
    expect(JSON.stringify([trail, events])).not.toContain(secret);
});

it('a source that is not known is 433, what is no source id 400', { meta }, async () => {
  border = await borderWith({});
  expect((await report('nobody1@bcf.esinet.lab')).status).toBe(433);
  const json = { 'content-type': 'application/json' };
  for (const body of ['{"content":"nobody1@bcf.esinet.lab"}', '{"uniqueId":"nobody1@bcf.esinet.lab"}']) {
    expect((await report('', { headers: json, body })).status, body).toBe(433);
  }
  for (const body of ['', '{}', '{"content":1}', 'a b@c', '../x@y', '{', 'x'.repeat(3_000), 'a@b\r\nX: y']) {
    expect((await report('', { headers: json, body })).status, body).toBe(400);
  }
  expect((await report('x'.repeat(10_000))).status).toBe(413);
  expect(
    (await report('nobody1@bcf.esinet.lab', { headers: { origin: 'http://evil.example' } })).status,
  ).toBe(403);
});

it(
  'a blocked source has a clear answer, and others of its address may go on with theirs',
  { meta },
  async () => {
    border = await borderWith({ badActors: { action: 'block' } });
    const destination = border.listener('public-udp');
    const [eve, anna] = [await at('127.0.3.3'), await at('127.0.3.3')];
    await anna.send({ ...startOf('anna'), destination });
    await eve.send({ ...startOf('eve1'), destination });
    const source = readEmergencySource(border.esrp.received[1]!.message);
    expect((await report(source?.id ?? '')).status).toBe(201);
    const say = async (agent: LoopbackAgent, name: string, user: string) =>
      statusOf(await agent.send({ ...startOf(name, user), destination }));
    expect(await say(eve, 'eve1', 'eve1')).toBe(403);
    expect(await say(eve, 'eve2', 'someone')).toBe(403);
    expect(await say(anna, 'anna', 'anna')).toBe(200);
    expect(await border.metrics()).toContain(
      'esinet_bcf_limited_total{reason="bad-actor-blocked",outcome="refused",element="bcf"} 2',
    );
  },
);

it('only who is named may report', { meta }, async () => {
  border = await borderWith({ badActors: { reporters: { addresses: ['192.0.2.1'] } } });
  expect((await report('nobody1@bcf.esinet.lab')).status).toBe(403);
  expect((await fetch(`${border.http}/BadActors`)).status).toBe(403);
});
