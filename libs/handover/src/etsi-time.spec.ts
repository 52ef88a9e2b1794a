import { describe, expect, it } from 'vitest';
import {
  isQualifiedDateTime,
  isQualifiedMicroseconds,
  qualifiedDateTime,
  qualifiedMicroseconds,
  timeOf,
} from './etsi-time.js';

describe('times of TS 103 280', () => {
  const at = Date.UTC(2026, 2, 4, 8, 15, 30, 999);

  it('whole seconds are cut off, not rounded', () => {
    expect(qualifiedDateTime(at)).toBe('2026-03-04T08:15:30Z');
    expect(qualifiedDateTime(-1)).toBe('1969-12-31T23:59:59Z');
  });

  it('microseconds have six digits', () => {
    expect(qualifiedMicroseconds(at)).toBe('2026-03-04T08:15:30.999000Z');
    expect(qualifiedMicroseconds(at + 0.0341)).toBe('2026-03-04T08:15:30.999034Z');
    expect(qualifiedMicroseconds(at + 0.9999)).toBe('2026-03-04T08:15:31.000000Z');
  });

  it('reads what is a time, and only that', () => {
    expect(timeOf('2026-03-04T09:15:30.999034+01:00')).toBeCloseTo(at + 0.034, 3);
    for (const none of [
      '',
      '2026-03-04',
      '2026-02-31T00:00:00Z',
      '2026-03-04T08:15:30',
      '2026-03-04T25:00:00Z',
      'x',
    ]) {
      expect(timeOf(none), none).toBeUndefined();
    }
    expect(isQualifiedDateTime('2026-03-04T08:15:30Z')).toBe(true);
    expect(isQualifiedDateTime('2026-03-04T08:15:30.000Z')).toBe(false);
    expect(isQualifiedMicroseconds('2026-03-04T08:15:30.000Z')).toBe(false);
    expect(isQualifiedMicroseconds('2026-03-04T08:15:30.000000-05:00')).toBe(true);
  });
});
