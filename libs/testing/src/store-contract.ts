import { type Store, StoreError } from '@esinet/platform';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

/** What every store must do. `wait` lets time pass for the store, by the clock or by a manual one. */
export function storeContract(
  name: string,
  make: () => Promise<{
    readonly store: Store;
    readonly wait: (ms: number) => Promise<void>;
    readonly close: () => Promise<void>;
  }>,
): void {
  describe(`${name} as a Store`, () => {
    let store: Store;
    let wait: (ms: number) => Promise<void>;
    let close: () => Promise<void>;
    beforeEach(async () => ({ store, wait, close } = await make()));
    afterEach(() => close());

    it('keeps text by key, the empty text and odd keys included', async () => {
      expect(await store.get('a')).toBeUndefined();
      for (const key of ['a', '', '__proto__', 'a\r\nSET b 1', 'ключ', '*', 'a?[b]']) {
        await store.set(key, `value of ${key}`);
        expect(await store.get(key)).toBe(`value of ${key}`);
      }
      await store.set('a', '');
      expect(await store.get('a')).toBe('');
      await store.delete('a');
      await store.delete('a');
      expect(await store.get('a')).toBeUndefined();
    });

    it('forgets after the time to live, not before; setting again sets it anew', async () => {
      await store.set('short', 'x', { ttlMs: 100 });
      await store.set('kept', 'x', { ttlMs: 100 });
      await store.set('kept', 'y');
      await store.set('longer', 'x', { ttlMs: 100 });
      await store.set('longer', 'x', { ttlMs: 5_000 });
      await wait(50);
      expect(await store.get('short')).toBe('x');
      await wait(100);
      expect(await store.get('short')).toBeUndefined();
      expect(await store.get('kept')).toBe('y');
      expect(await store.get('longer')).toBe('x');
      expect(await store.keys('')).toEqual(['kept', 'longer']);
    });

    it('refuses a time to live that is none', async () => {
      for (const ttlMs of [0, -1, NaN]) {
        await expect(store.set('a', 'x', { ttlMs })).rejects.toBeInstanceOf(StoreError);
      }
      expect(await store.get('a')).toBeUndefined();
    });

    it('compareAndSet changes only what is as expected', async () => {
      expect(await store.compareAndSet('owner', 'x', 'y')).toBe(false);
      expect(await store.compareAndSet('owner', undefined, 'one')).toBe(true);
      expect(await store.compareAndSet('owner', undefined, 'two')).toBe(false);
      expect(await store.compareAndSet('owner', 'one', 'two')).toBe(true);
      expect(await store.get('owner')).toBe('two');
      expect(await store.compareAndSet('owner', 'one', undefined)).toBe(false);
      expect(await store.compareAndSet('owner', 'two', undefined)).toBe(true);
      expect(await store.get('owner')).toBeUndefined();
      expect(await store.compareAndSet('owner', undefined, undefined)).toBe(true);
    });

    it('of many that compare at the same time one wins', async () => {
      const wins = await Promise.all(
        Array.from({ length: 50 }, (_, i) => store.compareAndSet('lease', undefined, `owner ${i}`)),
      );
      expect(wins.filter(Boolean)).toHaveLength(1);
    });

    it('an expired value counts as absent when compared', async () => {
      await store.compareAndSet('lease', undefined, 'one', { ttlMs: 50 });
      await wait(120);
      expect(await store.compareAndSet('lease', 'one', 'two')).toBe(false);
      expect(await store.compareAndSet('lease', undefined, 'two', { ttlMs: 50 })).toBe(true);
      await wait(120);
      expect(await store.get('lease')).toBeUndefined();
    });

    it('counts, also many at a time, and refuses what is no whole number', async () => {
      expect(await store.increment('n')).toBe(1);
      expect(await store.increment('n', 41)).toBe(42);
      expect(await store.increment('n', -2)).toBe(40);
      expect(await store.get('n')).toBe('40');
      await Promise.all(Array.from({ length: 100 }, () => store.increment('many')));
      expect(await store.get('many')).toBe('100');
      await store.set('text', 'twelve');
      await expect(store.increment('text')).rejects.toMatchObject({ code: 'not-a-number' });
      expect(await store.get('text')).toBe('twelve');
    });

    it('the window of a counter starts with it and is not drawn out', async () => {
      await store.increment('w', 1, { ttlMs: 100 });
      await wait(60);
      expect(await store.increment('w', 1, { ttlMs: 100 })).toBe(2);
      await wait(60);
      expect(await store.increment('w', 1, { ttlMs: 100 })).toBe(1);
    });

    it('finds keys by prefix, taken literally, sorted', async () => {
      for (const key of ['chat.2', 'chat.10', 'chat.*', 'cha', 'chat', 'other']) await store.set(key, 'x');
      expect(await store.keys('chat.')).toEqual(['chat.*', 'chat.10', 'chat.2']);
      expect(await store.keys('chat.*')).toEqual(['chat.*']);
      expect(await store.keys('none')).toEqual([]);
    });
  });
}
