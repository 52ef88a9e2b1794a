import { readMessage } from '@esinet/handover';
import { isoTime } from '@esinet/kernel';
import { beforeEach, describe, expect, it } from 'vitest';
import { mayLeave } from '../delivery/may-leave.js';
import {
  type DeskAtWork,
  approvedByTwo,
  auditOf,
  deliverAll,
  deskOf,
  diskOf,
  people,
  valueOf,
} from '../desk-fixture.js';
import { now, order, police, recordChat } from '../handover-fixture.js';
import { HandoverRounds } from '../handover-rounds.js';
import type { IntakeRequest } from '../intake.js';
import type { Authority, HandoverCase } from '../model.js';

const at = (ms: number): string => isoTime(now + ms);
const hour = 3_600_000;
const window = { from: at(0), until: at(hour) };
const live: Partial<IntakeRequest> = {
  reference: { kind: 'LIID', value: 'a-42' },
  range: window,
  validity: window,
};
const liidPeer: Partial<Authority> = { profile: { ...police.profile, reference: 'LIID' } };

let work: DeskAtWork;

beforeEach(async () => {
  work = await deskOf(await diskOf(), { authority: liidPeer });
});

async function running(change: Partial<IntakeRequest> = {}): Promise<HandoverCase> {
  return approvedByTwo(work, valueOf(await work.desk.takeIn({ ...order, ...live, ...change }, people.clerk)));
}

/** Texts of a chat that begins now, a second apart. */
async function chat(name: string, texts: readonly string[], afterMs = 0, caller = 'tel:+34600000001') {
  const startedAt = at(work.clock.wall() - now + afterMs);
  await recordChat(work.chats, { chat: name, caller, startedAt, texts, everyMs: 1_000 });
}

async function told(id: string) {
  const c = await work.desk.get(id);
  const objects = [];
  for (const seal of c?.seals ?? []) {
    const read = readMessage((await work.desk.files.document(id, seal.id)) ?? Buffer.alloc(0));
    if (!read.ok || read.value.kind !== 'deliver') throw new Error('is one that delivers');
    objects.push(...read.value.objects);
  }
  return {
    texts: objects.map(({ items }) =>
      items.map(({ metadata }) => metadata[0]?.record?.texts[0]?.text ?? 'withheld').join(' '),
    ),
    numbers: objects.map(({ sequenceNumber }) => sequenceNumber),
    places: objects.flatMap(({ items }) =>
      items.map(({ correlation: p }) => `${p?.levelId}/${p?.sequenceNumber}`),
    ),
    last: objects.map(({ lastSequence }) => lastSequence),
    deliveries: new Set(objects.map(({ deliveryId }) => deliveryId)).size,
  };
}

describe('an LIID', () => {
  it('is approved as it was ordered, and by no other digest', async () => {
    const { desk } = work;
    const c = valueOf(await desk.takeIn({ ...order, ...live }, people.clerk));
    expect(c.authorisation.running).toBe(true);
    const of = desk.approvalDigest(c);
    const other = desk.approvalDigest({
      ...c,
      authorisation: { ...c.authorisation, categories: ['content'] },
    });
    expect(await desk.approve(c.id, other, people.first)).toMatchObject({ error: { why: 'other-bytes' } });
    expect(await desk.freeze(c.id, people.clerk)).toMatchObject({ error: { why: 'not-now' } });
    expect(valueOf(await desk.approve(c.id, of, people.first)).phase).toBe('requested');
    expect(await desk.batches.look(c.id)).toBe('idle');
    expect(await desk.approve(c.id, of, { ...people.clerk, roles: ['approver'] })).toMatchObject({
      error: { why: 'same-person' },
    });
    expect(valueOf(await desk.approve(c.id, of, people.second)).phase).toBe('running');
  });

  it('sends what comes: enough at once, few after a while, with numbers that go on', async () => {
    const { id } = await running();
    const { desk, clock } = work;
    expect(await desk.batches.look(id)).toBe('nothing');
    await chat('a', ['a1', 'a2']);
    await chat('other', ['secret', 'secret', 'secret'], 0, 'tel:+34600000002');
    await work.chats.put('chats', 'other', {
      ...((await work.chats.get('chats', 'other')) as object),
      sender: 'sip:x@y',
    });
    expect(await desk.batches.look(id)).toBe('waits');
    clock.advance(10_000);
    expect(await desk.batches.look(id)).toBe('sealed');
    expect(await desk.batches.look(id)).toBe('nothing');
    await chat('b', ['b1', 'b2', 'b3']);
    expect(await desk.batches.look(id)).toBe('sealed');
    expect(await told(id)).toEqual({
      ...{ texts: ['a1 a2', 'b1 b2 b3'], numbers: [1, 2], last: [false, false], deliveries: 1 },
      places: ['1/0', '1/1', '2/0', '2/1', '2/2'],
    });
    expect((await work.outbox.waiting()).map(({ kind }) => kind)).toEqual(['document', 'document']);
    const c = await desk.get(id);
    expect(mayLeave(c, c?.seals[0]?.id ?? '', clock.wall())).toMatchObject({ kind: 'now' });
  });

  it('goes on after a restart where it was, and finds what was stored late', async () => {
    const { id } = await running();
    await chat('late', ['early', 'late', 'later']);
    const late = await work.chats.get('messages', 'late/in-1');
    await work.chats.put('messages', 'late/in-1', {});
    work.clock.advance(10_000);
    expect(await work.desk.batches.look(id)).toBe('sealed');
    work = await deskOf(work, { authority: liidPeer });
    expect(await work.desk.batches.look(id)).toBe('nothing');
    await work.chats.put('messages', 'late/in-1', late);
    work.clock.advance(1_000);
    expect(await work.desk.batches.look(id)).toBe('sealed');
    expect(await told(id)).toMatchObject({
      ...{ texts: ['early later', 'late'], places: ['1/0', '1/1', '1/2'], numbers: [1, 2], deliveries: 1 },
    });
    expect((await work.outbox.waiting()).map(({ number }) => number)).toEqual([1, 2]);
  });

  it('ends in time for its last object to leave, and says that it is the last', async () => {
    const { id } = await running();
    const { desk, clock } = work;
    clock.advance(hour - 60_000 - 1_000);
    // One before the end, one after it.
    await chat('a', ['in time', 'too late']);
    clock.advance(2_999);
    expect(await desk.batches.look(id)).toBe('waits');
    clock.advance(1);
    expect(await desk.batches.look(id)).toBe('ended');
    expect(await told(id)).toMatchObject({ texts: ['in time'], last: [true] });
    expect((await desk.get(id))?.phase).toBe('sending');
    await deliverAll(work);
    expect((await desk.get(id))?.phase).toBe('delivered');
  });

  it('ends also when nobody wrote', async () => {
    const { id } = await running();
    const rounds = new HandoverRounds({
      ...{ desk: work.desk, vault: work.vault, clock: work.clock },
      settings: { lookMs: 1_000, endsMs: 1_000, keepMs: 1_000, retryMs: 1_000 },
      logger: { debug: () => 0, info: () => 0, warn: () => 0, error: () => 0 } as never,
    });
    work.clock.advance(hour - 58_000);
    await rounds.round();
    expect((await work.desk.get(id))?.phase).toBe('delivered');
    work.clock.advance(60_000);
    await rounds.round();
    expect(await work.desk.get(id)).toBeUndefined();
  });

  it('has nothing of the time in which it was suspended, and needs its two people again', async () => {
    const { id } = await running();
    const { desk, clock } = work;
    await chat('a', ['before']);
    clock.advance(1_000);
    valueOf(await desk.suspend(id, people.first));
    expect(await desk.batches.look(id)).toBe('idle');
    clock.advance(5_000);
    await chat('b', ['while']);
    clock.advance(5_000);
    const resumed = valueOf(await desk.resume(id, people.first));
    expect(resumed).toMatchObject({ phase: 'requested', approvals: [] });
    await chat('c', ['while not yet approved']);
    clock.advance(5_000);
    await approvedByTwo(work, resumed);
    await chat('d', ['after']);
    clock.advance(10_000);
    expect(await desk.batches.look(id)).toBe('sealed');
    expect((await told(id)).texts).toEqual(['before', 'after']);
  });

  it('waits for a reviewer where that was ordered, who withholds before anything is sealed', async () => {
    const { id } = await running({ reviewBatches: true });
    const { desk } = work;
    await chat('a', ['a1', 'a2', 'a3']);
    expect(await desk.batches.look(id)).toBe('waits');
    await chat('b', ['b1', 'b2', 'b3']);
    expect(await desk.batches.look(id)).toBe('waits');
    expect(await work.outbox.waiting()).toEqual([]);
    const frozen = valueOf(await desk.snapshot(id, people.reviewer));
    expect(frozen.map(({ message }) => message.text)).toEqual(['a1', 'a2', 'a3']);
    const withhold = [{ index: 1, withhold: 'message', reason: 'privileged' }] as const;
    expect(await desk.review(id, withhold, { ...people.clerk, roles: ['handover-reviewer'] })).toMatchObject({
      error: { why: 'same-person' },
    });
    valueOf(await desk.review(id, withhold, people.reviewer));
    expect((await told(id)).texts).toEqual(['a1 withheld a3']);
    expect(await desk.review(id, [], people.reviewer)).toMatchObject({ error: { why: 'not-now' } });
    expect(await desk.batches.look(id)).toBe('waits');
    valueOf(await desk.review(id, [], people.reviewer));
    expect(await told(id)).toMatchObject({ texts: ['a1 withheld a3', 'b1 b2 b3'], numbers: [1, 2] });
  });

  it('stops with its order: no look, no batch, nothing that is queued', async () => {
    const { id } = await running();
    await chat('a', ['a1', 'a2', 'a3']);
    expect(await work.desk.batches.look(id)).toBe('sealed');
    await chat('b', ['b1', 'b2', 'b3']);
    work.clock.advance(hour);
    expect(await work.desk.batches.look(id)).toBe('idle');
    const c = await work.desk.get(id);
    expect(mayLeave(c, c?.seals[0]?.id ?? '', work.clock.wall())).toEqual({ kind: 'never' });
    expect(await auditOf(work)).toContain('batch done');
  });

  it('of the past is a disclosure of what is stored', async () => {
    const c = valueOf(
      await work.desk.takeIn({ ...order, reference: { kind: 'LIID', value: 'b-1' } }, people.clerk),
    );
    expect(c.authorisation.running).toBeUndefined();
    expect(await work.desk.approve(c.id, work.desk.approvalDigest(c), people.first)).toMatchObject({
      error: { why: 'not-now' },
    });
    expect(await work.desk.freeze(c.id, people.clerk)).toMatchObject({ ok: true });
  });

  it('has a range within its validity', async () => {
    const range = { from: at(-hour), until: at(hour) };
    expect(await work.desk.takeIn({ ...order, ...live, range }, people.clerk)).toMatchObject({
      error: { problems: [{ member: 'range' }] },
    });
  });
});
