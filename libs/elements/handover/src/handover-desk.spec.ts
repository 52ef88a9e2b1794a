import { readMessage } from '@esinet/handover';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  type DeskAtWork,
  approvedByTwo,
  auditOf,
  deliverAll,
  deskOf,
  diskOf,
  people,
  sealedCase,
  valueOf,
} from './desk-fixture.js';
import { mayLeave } from './delivery/may-leave.js';
import { order, police, recordChat } from './handover-fixture.js';
import type { HandoverCase } from './model.js';

const caller = 'tel:+34600000001';
let work: DeskAtWork;

/** One chat that the order names, with a message at each end of the range, and one of somebody else in the same incident. */
async function twoCallers({ chats }: DeskAtWork): Promise<void> {
  const texts = Array.from({ length: 7 }, (_, i) => `m${i}`);
  const startedAt = '2026-03-04T08:00:00.000Z';
  await recordChat(chats, { chat: 'a', caller, startedAt, texts, everyMs: 600_000 });
  const other = { chat: 'b', caller: 'tel:+34600000002', sender: 'sip:caller2@provider.lab' };
  await recordChat(chats, { ...other, startedAt: '2026-03-04T08:10:00.000Z', texts: ['secret of another'] });
}

async function documentsOf({ desk }: DeskAtWork, c: HandoverCase): Promise<string> {
  const bytes = await Promise.all(c.seals.map(({ id }) => desk.files.document(c.id, id)));
  return bytes.map(String).join('\n');
}

beforeEach(async () => {
  work = await deskOf(await diskOf());
  await twoCallers(work);
});

describe('a case of stored records', () => {
  it('goes from the order to its end, and nothing of it is left', async () => {
    const { desk, outbox, own, objects } = { ...work, objects: work.desk.objects };
    const sealed = await sealedCase(work);
    expect((await approvedByTwo(work, sealed)).phase).toBe('sending');
    await deliverAll(work);
    const delivered = await desk.get(sealed.id);
    expect(delivered).toMatchObject({ phase: 'delivered', levels: { nextSequence: 2 } });
    const [object] = sealed.seals.flatMap((seal) => seal.objects);
    expect(await objects.find(object?.id ?? '')).toMatchObject({ authority: 'pj', contentType: 'image/png' });
    expect(mayLeave(delivered, object?.id ?? '', work.clock.wall())).toMatchObject({ kind: 'now' });
    valueOf(await desk.close(sealed.id, people.clerk));
    expect(await desk.get(sealed.id)).toBeUndefined();
    expect(await objects.find(object?.id ?? '')).toBeUndefined();
    await expect(desk.files.document(sealed.id, sealed.seals[0]?.id ?? '')).rejects.toThrow('destroyed');
    for (const collection of ['handover-cases', 'handover-outbox', 'handover-audit', 'handover-objects']) {
      const kept = JSON.stringify(await own.list(collection, { limit: 10_000 }));
      expect(kept, collection).not.toMatch(/600000001|secret|>m\d</);
    }
    expect((await outbox.ofCase(sealed.id)).every(({ state }) => state === 'delivered')).toBe(true);
    expect((await work.audit.check()).broken).toBeUndefined();
  });

  it('has what was recorded in the half-open range, and nobody else', async () => {
    const sealed = await sealedCase(work);
    const documents = await documentsOf(work, sealed);
    expect(sealed.seals.reduce((sum, { items }) => sum + items, 0)).toBe(6);
    expect(documents).toContain('>m0<');
    expect(documents).toContain('>m5<');
    expect(documents).not.toContain('>m6<');
    expect(documents).not.toContain('secret of another');
    expect(documents).not.toContain('600000002');
  });

  it('is approved by two, neither of whom asked or looked', async () => {
    const { desk } = work;
    const { id } = await sealedCase(work);
    const of = desk.approvalDigest((await desk.get(id)) as HandoverCase);
    const alone = { name: 'anna', roles: ['approver'] } as const;
    expect(await desk.approve(id, of, { ...people.reviewer, roles: ['approver'] })).toMatchObject({
      error: { why: 'same-person' },
    });
    expect(await desk.approve(id, of, { ...people.clerk, roles: ['approver'] })).toMatchObject({ ok: false });
    expect(valueOf(await desk.approve(id, of, alone)).phase).toBe('sealed');
    expect(await desk.approve(id, of, alone)).toMatchObject({ error: { why: 'same-person' } });
    expect(await desk.send(id)).toMatchObject({ ok: false });
    expect(await work.outbox.waiting()).toEqual([]);
    const c = await desk.get(id);
    expect(mayLeave(c, c?.seals[0]?.id ?? '', work.clock.wall())).toEqual({ kind: 'later' });
  });

  it('does not leave when it says something else than what was approved', async () => {
    const { desk, vault } = work;
    const c = await approvedByTwo(work, await sealedCase(work));
    const [seal] = c.seals;
    if (!seal) throw new Error('there is a seal');
    expect(mayLeave(c, seal.id, work.clock.wall())).toEqual({ kind: 'now', seal });
    const other = { ...c, seals: [{ ...seal, digest: '00'.repeat(32) }] };
    expect(mayLeave(other, seal.id, work.clock.wall())).toEqual({ kind: 'never' });
    await vault.put(other);
    expect(await desk.mayLeave(c.id)).toBeUndefined();
  });

  it('stops at once: suspended, rejected, expired between approval and attempt', async () => {
    const { desk, clock, stopped } = work;
    const c = await approvedByTwo(work, await sealedCase(work));
    const id = c.seals[0]?.id ?? '';
    const suspended = valueOf(await desk.suspend(c.id, people.first));
    expect(stopped).toEqual([c.id]);
    expect(mayLeave(suspended, id, clock.wall())).toEqual({ kind: 'later' });
    // What had been approved is approved again.
    const resumed = valueOf(await desk.resume(c.id, people.first));
    expect(mayLeave(resumed, id, clock.wall())).toEqual({ kind: 'later' });
    const again = await approvedByTwo(work, resumed);
    expect(mayLeave(again, id, clock.wall())).toMatchObject({ kind: 'now' });
    expect(await work.outbox.ofCase(c.id)).toHaveLength(1);
    const end = Date.parse(order.validity.until);
    expect(mayLeave(again, id, end - 1)).toMatchObject({ kind: 'now' });
    expect(mayLeave(again, id, end)).toEqual({ kind: 'never' });
    clock.advance(end - clock.wall());
    expect(await desk.send(c.id)).toMatchObject({ error: { why: 'not-in-force' } });
    // An acknowledgement that comes late is one all the same.
    await deliverAll(work);
    expect((await desk.get(c.id))?.phase).toBe('delivered');
  });

  it('suspended after its delivery gives no object any more, and has nothing left to send when it goes on', async () => {
    const { desk, clock } = work;
    const c = await approvedByTwo(work, await sealedCase(work));
    await deliverAll(work);
    const object = c.seals[0]?.objects[0]?.id ?? '';
    const suspended = valueOf(await desk.suspend(c.id, people.first));
    expect(mayLeave(suspended, object, clock.wall())).toEqual({ kind: 'later' });
    const again = await approvedByTwo(work, valueOf(await desk.resume(c.id, people.first)));
    expect(again.phase).toBe('delivered');
    expect(mayLeave(again, object, clock.wall())).toMatchObject({ kind: 'now' });
  });

  it('closes itself when its order has been over long enough, and erases objects whose time is over', async () => {
    const { desk, clock } = work;
    const c = await approvedByTwo(work, await sealedCase(work));
    const object = c.seals[0]?.objects[0]?.id ?? '';
    expect(await desk.ends.expireObjects()).toBe(0);
    expect(await desk.ends.expireCases(1_000)).toBe(0);
    clock.advance(31 * 86_400_000);
    const objects = c.seals.reduce((sum, seal) => sum + seal.objects.length, 0);
    expect(await desk.ends.expireObjects()).toBe(objects);
    expect(await desk.ends.expireObjects()).toBe(0);
    expect(await desk.files.object(c.id, object)).toBeUndefined();
    expect(await desk.objects.find(object)).toBeUndefined();
    expect(await desk.ends.expireCases(1_000)).toBe(1);
    expect(await desk.get(c.id)).toBeUndefined();
    expect(await auditOf(work)).toContain('expire done');
  });

  it('was closed also when the process died before its key was gone', async () => {
    const { desk, vault } = work;
    const c = await sealedCase(work);
    await vault.put({ ...c, phase: 'closed' });
    await desk.ends.finish();
    expect(await desk.get(c.id)).toBeUndefined();
  });
});

describe('an order', () => {
  it.each([
    ['selectors.0', { selectors: [{ kind: 'uri' as const, value: 'sip:*@provider.lab' }] }],
    ['authority', { authority: 'gc' }],
    ['deliveryUrl', { deliveryUrl: 'https://evil.example/' }],
    ['hash', { hash: { salt: 'ab'.repeat(16), digest: 'cd'.repeat(32) } }],
  ])('is refused for its %s, and that is noted without it', async (member, change) => {
    const taken = await work.desk.takeIn({ ...order, ...change }, people.clerk);
    expect(taken).toMatchObject({ ok: false, error: { kind: 'problems', problems: [{ member }] } });
    expect(JSON.stringify(await work.own.list('handover-audit'))).not.toContain('600000001');
    expect(await auditOf(work)).toEqual(['intake refused']);
  });

  it('has a reference of its own, unless an earlier one was rejected', async () => {
    const { desk } = work;
    const { id } = valueOf(await desk.takeIn(order, people.clerk));
    expect(await desk.takeIn(order, people.clerk)).toMatchObject({
      error: { problems: [{ member: 'reference' }] },
    });
    valueOf(await desk.reject(id, people.first));
    expect((await desk.takeIn(order, people.clerk)).ok).toBe(true);
  });
});

describe('Model B', () => {
  it('queues objects once their document was acknowledged, and is done when they are there', async () => {
    work = await deskOf(work, {
      authority: {
        profile: { ...(work.authorities.get('pj')?.profile as never as object), binary: 'B' } as never,
      },
    });
    const c = await approvedByTwo(work, await sealedCase(work));
    expect((await work.outbox.waiting()).map(({ kind }) => kind)).toEqual(['document']);
    const [document] = await work.outbox.waiting();
    if (!document) throw new Error('there is a document');
    await work.desk.acknowledged(c.id, document);
    // The process died before the entry was written: nothing is queued twice.
    await work.desk.acknowledged(c.id, document);
    const sent = await deliverAll(work);
    const objects = c.seals.flatMap((seal) => seal.objects.map(({ id }) => id));
    expect(sent.filter(({ kind }) => kind === 'object').map(({ id }) => id)).toEqual(objects);
    expect((await work.desk.get(c.id))?.phase).toBe('delivered');
    expect(await work.desk.objects.find(objects[0] ?? '')).toBeUndefined();
  });
});

describe('a document that was too large', () => {
  it.each([
    ['a collection', '1.5.1' as const],
    ['objects of their own', '1.1.1' as const],
  ])('goes in two: %s', async (_, specification) => {
    const old = specification === '1.1.1';
    work = await deskOf(work, {
      authority: {
        profile: {
          ...{ ...police.profile, specification, maxItems: 3 },
          ...(old && {
            reference: 'LIID' as const,
            collections: false,
            manifest: false,
            etsiVersion: 'V1.4.1',
          }),
        },
      },
    });
    const c = await approvedByTwo(
      work,
      await sealedCase(work, old ? { reference: { kind: 'LIID', value: 'a-42' } } : {}),
    );
    const { desk, outbox } = work;
    const said = await saidBy(c.seals.map(({ id }) => id));
    // The first, with another behind it, and one of the halves once more.
    for (let i = 0; i < 2; i++) {
      const [head] = await outbox.waiting();
      if (!head) throw new Error('there is a document');
      expect(await desk.splits.split(head)).toBe(true);
    }
    const sent = await deliverAll(work);
    const now = await desk.get(c.id);
    expect(now).toMatchObject({ phase: 'delivered', levels: { nextSequence: old ? 7 : 5 } });
    expect(sent.map(({ id }) => mayLeave(now, id, work.clock.wall()).kind)).toEqual(Array(4).fill('now'));
    const again = await saidBy(sent.map(({ id }) => id));
    expect(again.items).toEqual(said.items);
    expect(again.numbers).toEqual(Array.from({ length: old ? 6 : 4 }, (__, i) => i + 1));
    expect(again.last).toEqual([...Array<boolean>(again.numbers.length - 1).fill(false), true]);
    if (old) expect(again.objectIds).toEqual(said.objectIds);
    expect(new Set(again.transactions).size).toBe(4);
    // An approval is for what was sealed, and that is as it was.
    expect(desk.approvalDigest(now as HandoverCase)).toBe(desk.approvalDigest(c));

    async function saidBy(ids: readonly string[]) {
      const messages = await Promise.all(
        ids.map(async (id) => {
          const read = readMessage((await work.desk.files.document(c.id, id)) ?? Buffer.alloc(0));
          if (!read.ok || read.value.kind !== 'deliver') throw new Error('is one that delivers');
          return read.value;
        }),
      );
      const objects = messages.flatMap((message) => message.objects);
      return {
        transactions: messages.map(({ header }) => header.transactionId),
        objectIds: objects.map(({ objectId }) => objectId),
        numbers: objects.map(({ sequenceNumber }) => sequenceNumber),
        last: objects.map(({ lastSequence }) => lastSequence),
        items: objects.flatMap(({ items }) => items),
      };
    }
  });

  it('has failed when it is one item', async () => {
    const { id } = valueOf(
      await work.desk.takeIn(
        { ...order, range: { from: '2026-03-04T08:00:00Z', until: '2026-03-04T08:00:01Z' } },
        people.clerk,
      ),
    );
    valueOf(await work.desk.freeze(id, people.clerk));
    await approvedByTwo(work, valueOf(await work.desk.review(id, [], people.reviewer)));
    const [only] = await work.outbox.waiting();
    expect(only && (await work.desk.splits.split(only))).toBe(false);
    expect(await auditOf(work)).toContain('split single');
  });
});
