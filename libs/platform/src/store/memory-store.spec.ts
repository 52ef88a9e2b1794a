import { ManualClock } from '@esinet/kernel';
import { expect, it } from 'vitest';
import { MemoryStore } from './memory-store.js';

it('a full store refuses new keys and changes the old ones; what has expired makes room', async () => {
  const clock = new ManualClock();
  const store = new MemoryStore({ clock, maxEntries: 3 });
  await store.set('a', '1', { ttlMs: 100 });
  await store.set('b', '1');
  await store.set('c', '1');
  await expect(store.set('d', '1')).rejects.toMatchObject({ code: 'full' });
  await expect(store.increment('d')).rejects.toMatchObject({ code: 'full' });
  await expect(store.compareAndSet('d', undefined, '1')).rejects.toMatchObject({ code: 'full' });
  await store.set('b', '2');
  clock.advance(101);
  await store.set('d', '1');
  expect(await store.keys('')).toEqual(['b', 'c', 'd']);
});

it('forgets what nobody asks for again: short-lived keys do not pile up', async () => {
  const clock = new ManualClock();
  const store = new MemoryStore({ clock });
  for (let i = 0; i < 20_000; i++) {
    await store.set(`flow.${i}`, 'x', { ttlMs: 100 });
    clock.advance(1);
  }
  expect(store.size).toBeLessThan(1_000);
});
