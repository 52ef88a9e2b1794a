import { ManualClock } from '@esinet/kernel';
import { beforeEach, describe, expect, it } from 'vitest';
import { LocalValues } from './local-values.js';
import { MemoryStore } from './memory-store.js';
import { ResilientStore } from './resilient-store.js';
import { type Store, StoreError, type StoreOptions } from './store.js';

/** The far side: a store that can be away. */
class Switched implements Store {
  away = false;
  constructor(public inner: Store) {}

  get = (key: string) => this.#ask(() => this.inner.get(key));
  set = (key: string, value: string, o?: StoreOptions) => this.#ask(() => this.inner.set(key, value, o));
  compareAndSet = (key: string, expected?: string, value?: string, o?: StoreOptions) =>
    this.#ask(() => this.inner.compareAndSet(key, expected, value, o));
  delete = (key: string) => this.#ask(() => this.inner.delete(key));
  increment = (key: string, by?: number, o?: StoreOptions) =>
    this.#ask(() => this.inner.increment(key, by, o));
  keys = (prefix: string) => this.#ask(() => this.inner.keys(prefix));

  #ask<T>(run: () => Promise<T>): Promise<T> {
    return this.away ? Promise.reject(new StoreError('unreachable', 'away')) : run();
  }
}

let clock: ManualClock;
let shared: Switched;
let store: ResilientStore;
beforeEach(() => {
  clock = new ManualClock();
  shared = new Switched(new MemoryStore({ clock }));
  store = new ResilientStore(shared, {
    prefixes: ['bcf:'],
    local: new LocalValues({ clock, max: 100 }),
  });
});

describe('while the shared store is away', () => {
  it('what may be gone on with is read and written here, as it would be there', async () => {
    await store.set('bcf:before', 'x', { ttlMs: 1_000 });
    shared.away = true;
    expect(await store.get('bcf:before')).toBe('x');
    await store.set('bcf:a', '1', { ttlMs: 100 });
    expect(await store.get('bcf:a')).toBe('1');
    expect(await store.compareAndSet('bcf:a', undefined, '2')).toBe(false);
    expect(await store.compareAndSet('bcf:a', '1', '2', { ttlMs: 100 })).toBe(true);
    expect(await store.increment('bcf:n')).toBe(1);
    expect(await store.increment('bcf:n', 4)).toBe(5);
    expect(await store.keys('bcf:')).toEqual(['bcf:a', 'bcf:before', 'bcf:n']);
    clock.advance(101);
    expect(await store.get('bcf:a')).toBeUndefined();
    await store.delete('bcf:before');
    expect(await store.keys('bcf:')).toEqual(['bcf:n']);
  });

  it('the rest is not to be had, leases first of all', async () => {
    await store.set('psap:instance:a', 'x');
    shared.away = true;
    const refused = { code: 'unreachable' };
    await expect(store.get('psap:instance:a')).rejects.toMatchObject(refused);
    await expect(store.set('lease:chat', 'a')).rejects.toMatchObject(refused);
    await expect(store.compareAndSet('lease:chat', undefined, 'a')).rejects.toMatchObject(refused);
    await expect(store.delete('lease:chat')).rejects.toMatchObject(refused);
    await expect(store.increment('other')).rejects.toMatchObject(refused);
    await expect(store.keys('lease:')).rejects.toMatchObject(refused);
    await expect(store.keys('')).rejects.toMatchObject(refused);
  });

  it('holds no more than it may, what was written last', async () => {
    shared.away = true;
    for (let i = 0; i < 250; i++) await store.set(`bcf:${i}`, 'x');
    expect(await store.keys('bcf:')).toHaveLength(100);
    expect(await store.get('bcf:249')).toBe('x');
  });
});

describe('once it is back', () => {
  it('it is told what was written and deleted meanwhile and is still alive; counters are not', async () => {
    await store.set('bcf:gone', 'x');
    shared.away = true;
    await store.set('bcf:kept', '1', { ttlMs: 1_000 });
    await store.set('bcf:short', '1', { ttlMs: 10 });
    await store.delete('bcf:gone');
    await store.increment('bcf:n');
    clock.advance(400);
    shared.away = false;
    // Before it has been told, what is known here is newer.
    expect(await store.get('bcf:kept')).toBe('1');
    expect(await store.get('bcf:gone')).toBeUndefined();
    await store.writeBack();
    expect(await shared.keys('')).toEqual(['bcf:kept']);
    clock.advance(601);
    expect(await shared.keys('')).toEqual([]);
  });

  it('and away again at once, nothing is lost of it', async () => {
    shared.away = true;
    await store.set('bcf:a', '1');
    await store.writeBack();
    shared.away = false;
    await store.writeBack();
    expect(await shared.get('bcf:a')).toBe('1');
  });

  it('what others wrote meanwhile to other keys stays, and is seen', async () => {
    await store.set('bcf:a', '1');
    await shared.set('bcf:a', 'theirs');
    expect(await store.get('bcf:a')).toBe('theirs');
    shared.away = true;
    expect(await store.get('bcf:a')).toBe('theirs');
    shared.away = false;
    await store.writeBack();
    expect(await shared.get('bcf:a')).toBe('theirs');
  });

  it('empty, it gets what this process wrote, but not over what is there', async () => {
    await store.set('bcf:a', '1', { ttlMs: 1_000 });
    await store.set('bcf:b', '1');
    await store.increment('bcf:n', 7);
    shared.inner = new MemoryStore({ clock });
    await shared.set('bcf:b', 'theirs');
    await Promise.all([store.writeBack(), store.refill()]);
    expect(await shared.keys('')).toEqual(['bcf:a', 'bcf:b']);
    expect(await shared.get('bcf:b')).toBe('theirs');
    clock.advance(1_001);
    expect(await shared.keys('')).toEqual(['bcf:b']);
  });
});
