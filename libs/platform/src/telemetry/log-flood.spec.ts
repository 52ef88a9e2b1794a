import { ManualClock } from '@esinet/kernel';
import { describe, expect, it } from 'vitest';
import { LogFlood, maxLinesPerSecond } from './log-flood.js';
import { createLogger } from './logger.js';

const meta = { clause: 'RFC 3261 26.3.2.4' };

describe('a flood of one event', () => {
  it('is written as far as a person could read it, and counted', { meta }, () => {
    const clock = new ManualClock();
    const told: string[] = [];
    const flood = new LogFlood((event, suppressed) => told.push(`${event} ${suppressed}`), clock);
    const written = Array.from({ length: 5_000 }, () => flood.passes('tls-refused')).filter(Boolean).length;
    expect(written).toBe(maxLinesPerSecond);
    // Another event is not made to wait for it.
    expect(flood.passes('records broken')).toBe(true);
    clock.advance(1_000);
    expect(told).toEqual([`tls-refused ${5_000 - maxLinesPerSecond}`]);
    expect(flood.passes('tls-refused')).toBe(true);
    clock.advance(5_000);
    expect(told).toHaveLength(1);
    expect(clock.waiting).toBe(0);
  });

  it('does not make the guard itself grow', { meta }, () => {
    const told: string[] = [];
    const clock = new ManualClock();
    const flood = new LogFlood((event, suppressed) => told.push(`${event} ${suppressed}`), clock);
    let written = 0;
    for (let i = 0; i < 10_000; i += 1) if (flood.passes(`event ${i}`)) written += 1;
    expect(written).toBe(1_000 + maxLinesPerSecond);
    clock.advance(1_000);
    expect(told).toEqual([`other events ${9_000 - maxLinesPerSecond}`]);
  });

  it('reaches the log through all children together', { meta }, () => {
    const lines: string[] = [];
    const clock = new ManualClock();
    const logger = createLogger({ level: 'info', format: 'json', write: (line) => lines.push(line), clock });
    for (let i = 0; i < 100; i += 1) logger.child({ element: 'bcf' }).warn('refused', { i });
    clock.advance(1_000);
    expect(lines).toHaveLength(maxLinesPerSecond + 1);
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({
      level: 'warn',
      event: 'lines left out',
      of: 'refused',
      lines: 100 - maxLinesPerSecond,
    });
  });
});
