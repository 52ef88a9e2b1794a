import { type Records, RecordsError } from '@esinet/platform';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

/** What every records adapter must do. `open` opens the same records again after they were closed. */
export function recordsContract(
  name: string,
  make: () => Promise<{ readonly open: () => Promise<Records>; readonly dispose: () => Promise<void> }>,
  o: {
    /** False for records that end with the process. */
    readonly durable?: boolean;
  } = {},
): void {
  describe(`${name} as Records`, () => {
    let records: Records;
    let open: () => Promise<Records>;
    let dispose: () => Promise<void>;
    beforeEach(async () => {
      ({ open, dispose } = await make());
      records = await open();
    });
    afterEach(async () => {
      await records.close();
      await dispose();
    });

    it('stores once: a second append changes nothing and says so', async () => {
      expect(await records.append('chats', 'a', { text: 'first' })).toBe('stored');
      expect(await records.append('chats', 'a', { text: 'second' })).toBe('duplicate');
      expect(await records.get('chats', 'a')).toEqual({ text: 'first' });
      expect(await records.append('other', 'a', 1)).toBe('stored');
    });

    it('of many appends of one key at the same time one is stored', async () => {
      const outcomes = await Promise.all(
        Array.from({ length: 100 }, (_, i) => records.append('race', 'key', i)),
      );
      expect(outcomes.filter((outcome) => outcome === 'stored')).toHaveLength(1);
      expect(await records.get('race', 'key')).toBe(outcomes.indexOf('stored'));
    });

    it('appends and puts that run together keep the order of their calls', async () => {
      const outcomes = await Promise.all([
        records.put('mix', 'k', 1),
        records.append('mix', 'k', 2),
        records.put('mix', 'k', 3),
        records.append('mix', 'new', 1),
        records.put('mix', 'new', 2),
        records.append('mix', 'new', 3),
      ]);
      expect(outcomes[1]).toBe('duplicate');
      expect(outcomes[3]).toBe('stored');
      expect(outcomes[5]).toBe('duplicate');
      expect(await records.get('mix', 'k')).toBe(3);
      expect(await records.get('mix', 'new')).toBe(2);
    });

    it('keeps any JSON value, and shares nothing with the caller', async () => {
      const value = {
        at: new Date(0),
        gone: undefined,
        list: [1, null],
        text: 'Señal 🚑\u0000',
        deep: { n: 1 },
      };
      await records.append('json', 'k', value);
      value.deep.n = 2;
      expect(await records.get('json', 'k')).toEqual({
        at: '1970-01-01T00:00:00.000Z',
        list: [1, null],
        text: 'Señal 🚑\u0000',
        deep: { n: 1 },
      });
      for (const [i, plain] of [null, 0, '', false, []].entries()) {
        await records.append('json', `plain${i}`, plain);
        expect(await records.get('json', `plain${i}`)).toEqual(plain);
      }
      expect(await records.get('json', 'absent')).toBeUndefined();
    });

    it('lists in the order of the keys’ bytes', async () => {
      const keys = ['b', 'a', 'a!', 'a\u0000', 'Z', 'é', '\uffff', '😀', 'aa', '~'];
      for (const key of keys) await records.append('order', key, key);
      await records.append('order.b', 'x', 'another collection');
      await records.append('orde', 'x', 'another collection');
      const sorted = [...keys].sort((x, y) => Buffer.compare(Buffer.from(x), Buffer.from(y)));
      expect((await records.list('order')).map((record) => record.key)).toEqual(sorted);
      expect((await records.list('order', { reverse: true })).map((record) => record.value)).toEqual(
        sorted.toReversed(),
      );
      expect((await records.list('order', { prefix: 'a' })).map((record) => record.key)).toEqual([
        'a',
        'a\u0000',
        'a!',
        'aa',
      ]);
    });

    it('lists page by page, both ways', async () => {
      const keys = Array.from({ length: 25 }, (_, i) => `m${String(i).padStart(3, '0')}`);
      await Promise.all(keys.map((key) => records.append('pages', key, key)));
      await records.append('pages', 'l', 'before');
      await records.append('pages', 'n', 'behind');
      for (const reverse of [false, true]) {
        const seen: string[] = [];
        let after: string | undefined;
        for (;;) {
          const page = await records.list('pages', {
            prefix: 'm',
            limit: 10,
            reverse,
            ...(after === undefined ? {} : { after }),
          });
          seen.push(...page.map((record) => record.key));
          after = page.at(-1)?.key;
          if (page.length < 10) break;
        }
        expect(seen).toEqual(reverse ? keys.toReversed() : keys);
      }
      expect(await records.list('pages', { prefix: 'm', after: 'z' })).toEqual([]);
      expect(await records.list('pages', { prefix: 'm', after: 'a', limit: 1 })).toHaveLength(1);
      expect(await records.list('pages', { prefix: 'm', after: 'z', reverse: true, limit: 1 })).toEqual([
        { key: 'm024', value: 'm024' },
      ]);
      expect(await records.list('pages', { prefix: 'm', after: 'a', reverse: true })).toEqual([]);
      expect(await records.list('nothing')).toEqual([]);
    });

    it('refuses what it cannot keep, and keeps the rest', async () => {
      const circle: Record<string, unknown> = {};
      circle['self'] = circle;
      const attempts = [
        () => records.append('c', '', 1),
        () => records.append('c', 'k'.repeat(513), 1),
        () => records.append('c', '\ud800', 1),
        () => records.append('', 'k', 1),
        () => records.append('Chats', 'k', 1),
        () => records.append('a!b', 'k', 1),
        () => records.append('a/../b', 'k', 1),
        () => records.append('c', 'k', undefined),
        () => records.append('c', 'k', circle),
        () => records.append('c', 'k', 'x'.repeat(4 * 1_048_576)),
        () => records.put('c', 'k', 1n),
      ];
      for (const attempt of attempts) {
        await expect(attempt()).rejects.toMatchObject({ name: 'RecordsError', code: 'invalid' });
      }
      expect(await records.append('c', 'k'.repeat(512), 1)).toBe('stored');
      expect(await records.list('c')).toHaveLength(1);
    });

    it('writes a group whole, and leaves out what was stored before', async () => {
      await records.append('group', 'a', 'before');
      expect(
        await records.write([
          { kind: 'append', collection: 'group', key: 'a', value: 'again' },
          { kind: 'append', collection: 'group', key: 'b', value: 1 },
          { kind: 'put', collection: 'group', key: 'b', value: 2 },
          { kind: 'append', collection: 'group', key: 'b', value: 3 },
          { kind: 'append', collection: 'group.of', key: 'b', value: 4 },
        ]),
      ).toEqual(['duplicate', 'stored', 'stored', 'duplicate', 'stored']);
      expect(await records.get('group', 'a')).toBe('before');
      expect(await records.get('group', 'b')).toBe(2);
      expect(await records.write([])).toEqual([]);
      const bad = records.write([
        { kind: 'append', collection: 'group', key: 'c', value: 1 },
        { kind: 'append', collection: 'group', key: '', value: 1 },
      ]);
      await expect(bad).rejects.toMatchObject({ code: 'invalid' });
      expect(await records.get('group', 'c')).toBeUndefined();
    });

    it('takes nothing under a fence that another has replaced', async () => {
      const put = (value: number) => [{ kind: 'put', collection: 'fenced', key: 'k', value }] as const;
      const first = await records.claim('chat/1');
      const other = await records.claim('chat/2');
      expect(first).toEqual({ name: 'chat/1', epoch: 1 });
      expect(await records.write(put(1), first)).toEqual(['stored']);
      const second = await records.claim('chat/1');
      expect(second.epoch).toBe(2);
      await expect(records.write(put(2), first)).rejects.toMatchObject({ code: 'fenced' });
      expect(await records.get('fenced', 'k')).toBe(1);
      expect(await records.write(put(3), second)).toEqual(['stored']);
      expect(await records.write(put(4), other)).toEqual(['stored']);
      // Nothing to store is the way to ask whose a name is.
      expect(await records.write([], second)).toEqual([]);
      await expect(records.write([], first)).rejects.toMatchObject({ code: 'fenced' });
      await expect(records.write(put(5), { name: 'never', epoch: 1 })).rejects.toMatchObject({
        code: 'fenced',
      });
    });

    it('of many that claim at the same time each gets an epoch of its own, and the last one counts', async () => {
      const fences = await Promise.all(Array.from({ length: 20 }, () => records.claim('race')));
      expect(fences.map(({ epoch }) => epoch).sort((a, b) => a - b)).toEqual(
        Array.from({ length: 20 }, (_, i) => i + 1),
      );
      const tries = await Promise.allSettled(
        fences.map((fence) =>
          records.write([{ kind: 'append', collection: 'race', key: String(fence.epoch), value: 1 }], fence),
        ),
      );
      expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      expect(await records.get('race', '20')).toBe(1);
    });

    it('refuses everything once closed, and closing waits for what was accepted', async () => {
      const last = records.append('closing', 'k', 1);
      await records.close();
      expect(await last).toBe('stored');
      await expect(records.append('closing', 'l', 1)).rejects.toBeInstanceOf(RecordsError);
      await expect(records.get('closing', 'k')).rejects.toMatchObject({ code: 'closed' });
      await expect(records.list('closing')).rejects.toMatchObject({ code: 'closed' });
      await records.close();
    });

    it.skipIf(o.durable === false)('has everything again after it was closed and opened', async () => {
      await Promise.all(Array.from({ length: 300 }, (_, i) => records.append('again', String(i), i)));
      await records.put('again', '7', 'changed');
      await records.close();
      records = await open();
      expect(await records.list('again', { limit: 1_000 })).toHaveLength(300);
      expect(await records.get('again', '7')).toBe('changed');
      expect(await records.append('again', '8', 'x')).toBe('duplicate');
    });
  });
}
