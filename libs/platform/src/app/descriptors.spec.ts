import { expect, it } from 'vitest';
import { defaultLimits } from '../config/limits.js';
import { withinDescriptors } from './descriptors.js';

const of = (descriptors: number | undefined) => {
  const { transport, http } = withinDescriptors(defaultLimits, descriptors);
  return [transport.maxConnections, transport.maxHandshakes, http.maxConnections];
};

it('takes no more connections than there are descriptors for', () => {
  expect(of(undefined)).toEqual([10_000, 1_000, 10_000]);
  expect(of(1_048_576)).toEqual([10_000, 1_000, 10_000]);
  expect(of(1_024)).toEqual([600, 120, 240]);
  expect(of(256)).toEqual([120, 24, 48]);
  expect(of(20)).toEqual([6, 1, 2]);
});
