import { ManualClock } from '@esinet/kernel';
import { beforeEach, expect, it } from 'vitest';
import { Leases } from './leases.js';
import { MemoryStore } from './memory-store.js';

let clock: ManualClock;
let leases: Leases;
beforeEach(() => {
  clock = new ManualClock();
  leases = new Leases(new MemoryStore({ clock }));
});

it('one holder at a time; the holder may take it again; free again once it is over', async () => {
  expect(await leases.acquire('chat', 'psap-1', 100)).toBe(true);
  expect(await leases.acquire('chat', 'psap-2', 100)).toBe(false);
  clock.advance(90);
  expect(await leases.acquire('chat', 'psap-1', 100)).toBe(true);
  clock.advance(90);
  expect(await leases.holder('chat')).toBe('psap-1');
  clock.advance(11);
  expect(await leases.holder('chat')).toBeUndefined();
  expect(await leases.acquire('chat', 'psap-2', 100)).toBe(true);
});

it('only its holder draws it out, and only while it holds it', async () => {
  await leases.acquire('chat', 'psap-1', 100);
  expect(await leases.renew('chat', 'psap-2', 100)).toBe(false);
  clock.advance(90);
  expect(await leases.renew('chat', 'psap-1', 100)).toBe(true);
  clock.advance(90);
  expect(await leases.holder('chat')).toBe('psap-1');
  clock.advance(20);
  expect(await leases.renew('chat', 'psap-1', 100)).toBe(false);
  expect(await leases.holder('chat')).toBeUndefined();
});

it('only its holder gives it up', async () => {
  await leases.acquire('chat', 'psap-1', 100);
  await leases.release('chat', 'psap-2');
  expect(await leases.holder('chat')).toBe('psap-1');
  await leases.release('chat', 'psap-1');
  await leases.release('chat', 'psap-1');
  expect(await leases.acquire('chat', 'psap-2', 100)).toBe(true);
});

it('of many that ask at once one gets it', async () => {
  const asked = Array.from({ length: 20 }, (_, i) => leases.acquire('chat', `psap-${i}`, 100));
  expect((await Promise.all(asked)).filter(Boolean)).toHaveLength(1);
});
