import { expect, it } from 'vitest';
import { isoTime } from './clock.js';

it('writes a time as Date does', { meta: { clause: 'RFC 3339 5.6' } }, () => {
  const now = Date.UTC(2026, 10, 28, 23, 59, 59, 999);
  const times = [
    0,
    1,
    999,
    1_000,
    now,
    now + 1,
    now + 86_400_000,
    now,
    1_234.9,
    -1,
    -999,
    -1_000,
    -1_001,
    -0.5,
  ];
  for (const time of [...times, 8.64e15, -8.64e15, Date.UTC(12_000, 0), Date.UTC(-1, 0), 951_782_400_000]) {
    expect([time, isoTime(time)]).toEqual([time, new Date(time).toISOString()]);
  }
  for (let i = 0; i < 2_000; i += 1) {
    const time = now + (((i * 7_919) % 100_000) - 50_000) * 37;
    expect(isoTime(time)).toBe(new Date(time).toISOString());
  }
  for (const none of [NaN, Infinity, 8.64e15 + 1]) expect(() => isoTime(none)).toThrow(RangeError);
});
