import { ManualClock, silentLogger } from '@esinet/kernel';
import { MemoryStore, type Store } from '@esinet/platform';
import { describe, expect, it } from 'vitest';
import type { ChatFlow, Remembrance } from './chat-flow.js';
import { ChatFlows } from './chat-flows.js';

const meta = { clause: 'TS 103 698 6.2.3' };
const flow: ChatFlow = { listener: 'public-tcp', transport: 'tcp', address: 'a', port: 1, flowId: 'tcp-1' };
const other: ChatFlow = { ...flow, address: 'b', flowId: 'tcp-2' };
const who: Remembrance = { chats: ['urn:x'], users: ['anna@app.example'], secretLength: 30 };

function chats(clock: ManualClock, store: Store, maxKept = 10): ChatFlows {
  return new ChatFlows({
    store,
    clock,
    logger: silentLogger,
    ttlMs: 1_800_000,
    maxKept,
    storeTimeoutMs: 300,
    secretEnough: 20,
    isOpen: () => true,
  });
}

/** A store of another machine in trouble. */
function troubled(answer: () => Promise<never>): Store {
  return { get: answer, set: answer, compareAndSet: answer, delete: answer, increment: answer, keys: answer };
}

describe('the ways back', () => {
  it('live as long as messages come', { meta }, async () => {
    const clock = new ManualClock();
    const ways = chats(clock, new MemoryStore({ clock }));
    ways.remember(who, flow);
    expect(await ways.find('urn:x', 'anna@app.example')).toEqual({ current: flow });
    for (let i = 0; i < 3; i += 1) {
      clock.advance(1_700_000);
      ways.remember(who, flow);
    }
    expect(await ways.find('urn:x', 'anna@app.example')).toEqual({ current: flow });
    clock.advance(1_800_001);
    expect(await ways.find('urn:x', 'anna@app.example')).toBeUndefined();
    expect(await ways.find('urn:x', 'eve@app.example')).toBeUndefined();
  });

  it('are known to the other replicas, and guarded by them as well', { meta }, async () => {
    const clock = new ManualClock();
    const store = new MemoryStore({ clock });
    chats(clock, store).remember(who, flow);
    await clock.run(10);
    const replica = chats(clock, store);
    expect(await replica.find('urn:x', 'anna@app.example')).toEqual({ current: flow });
    replica.remember(who, other);
    expect(await replica.find('urn:x', 'anna@app.example')).toEqual({ current: flow, alternate: other });
    replica.promote('urn:x', 'anna@app.example', other);
    expect(await replica.find('urn:x', 'anna@app.example')).toEqual({ current: other, alternate: flow });
    expect(JSON.stringify(await store.keys(''))).not.toContain('anna');
  });

  it('work with a store that fails or hangs', { meta: { clause: 'RFC 3261 16' } }, async () => {
    for (const answer of [
      () => Promise.reject(new Error('down')),
      () => new Promise<never>(() => undefined),
    ]) {
      const clock = new ManualClock();
      const ways = chats(clock, troubled(answer));
      ways.remember(who, flow);
      const found = ways.find('urn:x', 'anna@app.example');
      await clock.run(350);
      expect(await found).toEqual({ current: flow });
    }
  });

  it('do not trust what stands in the store', { meta: { clause: 'RFC 3261 16' } }, async () => {
    const clock = new ManualClock();
    const store = new MemoryStore({ clock });
    chats(clock, store).remember(who, flow);
    await clock.run(10);
    for (const key of await store.keys('')) await store.set(key, '{"current":{"address":7}}');
    expect(await chats(clock, store).find('urn:x', 'anna@app.example')).toBeUndefined();
    for (const key of await store.keys('')) await store.set(key, 'nonsense');
    expect(await chats(clock, store).find('urn:x', 'anna@app.example')).toBeUndefined();
  });

  it('are bounded, the longest unused going first', { meta: { clause: 'RFC 3261 26.3.2.4' } }, async () => {
    const clock = new ManualClock();
    const ways = chats(clock, new MemoryStore({ clock }), 2);
    for (const chat of ['urn:1', 'urn:2', 'urn:1', 'urn:3']) {
      ways.remember({ ...who, chats: [chat] }, flow);
      await clock.run(10);
    }
    expect(ways.size).toBe(2);
  });

  it(
    'of one address do not push out those of others',
    { meta: { clause: 'RFC 3261 26.3.2.4' } },
    async () => {
      const clock = new ManualClock();
      const ways = new ChatFlows({
        store: troubled(() => Promise.reject(new Error('down'))),
        clock,
        logger: silentLogger,
        ttlMs: 1_800_000,
        maxKept: 10,
        maxPerAddress: 3,
        storeTimeoutMs: 300,
        secretEnough: 20,
        isOpen: () => true,
      });
      ways.remember(who, other);
      for (let i = 0; i < 20; i += 1) ways.remember({ ...who, chats: [`urn:flood:${i}`] }, flow);
      await clock.run(10);
      expect(ways.size).toBe(4);
      expect(ways.peek('urn:x', 'anna@app.example')).toEqual({ current: other });
      expect(ways.peek('urn:flood:19', 'anna@app.example')).toEqual({ current: flow });
    },
  );
});
