import { describe, expect, it } from 'vitest';
import { binaryArray } from './postgres-arrays.js';
import { type ReadyWrite, type WriteGroup, batchOf, joinsBatch } from './postgres-batch.js';

const write = (kind: 'append' | 'put', key: string, value: number): ReadyWrite => ({
  ...{ kind, collection: 'c', key: Buffer.from(key), text: String(value) },
});
const group = (writes: ReadyWrite[], fence?: WriteGroup['fence']): WriteGroup => ({ writes, fence });

describe('a batch', () => {
  it('has one row for each key, in the order of their bytes, with what it comes to in the end', () => {
    const { rows } = batchOf([
      group([write('append', 'b', 1), write('append', 'é', 1), write('put', 'a', 1)]),
      group([write('put', 'b', 2), write('append', 'b', 3)]),
      group([write('append', 'a', 2), write('append', 'é', 2)]),
    ]);
    expect(rows.map(({ key, text, overwrite }) => [key.toString(), text, overwrite])).toEqual([
      ['a', '1', true],
      ['b', '2', true],
      ['é', '1', false],
    ]);
  });

  it('says stored to the first one under a key that was free, and to every put', () => {
    const { outcomes } = batchOf([
      group([write('append', 'a', 1), write('append', 'b', 1)]),
      group([write('append', 'a', 2), write('put', 'b', 2)]),
    ]);
    expect(outcomes(new Set([1]), new Set())).toEqual([
      ['stored', 'duplicate'],
      ['duplicate', 'stored'],
    ]);
  });

  it('says fenced to every group whose fence is not in force', () => {
    const fences = [1, 2].map((epoch) => ({ name: 'chat', epoch }));
    const {
      rows,
      fences: asked,
      outcomes,
    } = batchOf([
      group([write('append', 'a', 1)], fences[0]),
      group([write('append', 'b', 1)], fences[1]),
      group([], fences[0]),
      group([write('append', 'c', 1)]),
    ]);
    expect(asked).toEqual(fences);
    expect(rows.map(({ fence }) => fence)).toEqual([1, 2, 0]);
    const [first, second, third, last] = outcomes(new Set([2, 3]), new Set([2]));
    expect(first).toMatchObject({ code: 'fenced' });
    expect(second).toEqual(['stored']);
    expect(third).toMatchObject({ code: 'fenced' });
    expect(last).toEqual(['stored']);
  });

  it('takes no key under two fences', () => {
    const joins = joinsBatch();
    const fence = { name: 'chat', epoch: 1 };
    expect(joins(group([write('put', 'a', 1)], fence))).toBe(true);
    expect(joins(group([write('put', 'a', 2), write('put', 'b', 2)], { ...fence }))).toBe(true);
    expect(joins(group([write('put', 'c', 1)]))).toBe(true);
    expect(joins(group([write('put', 'b', 3)], { name: 'chat', epoch: 2 }))).toBe(false);
    expect(joins(group([write('put', 'b', 3)]))).toBe(false);
  });
});

it('arrays are in the binary form of PostgreSQL', () => {
  expect(binaryArray.text([]).toString('hex')).toBe('000000000000000000000019');
  expect(binaryArray.text(['é', '']).toString('hex')).toBe(
    '0000000100000000000000190000000200000001' + '00000002c3a9' + '00000000',
  );
  expect(
    binaryArray
      .int8([2 ** 40])
      .subarray(20)
      .toString('hex'),
  ).toBe('000000080000010000000000');
});
