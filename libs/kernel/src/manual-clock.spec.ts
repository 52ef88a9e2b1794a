import { expect, it } from 'vitest';
import { ManualClock } from './manual-clock.js';

it('fires timers in due order, those included that are set on the way', () => {
  const clock = new ManualClock();
  const fired: string[] = [];
  clock.after(20, () => fired.push('b'));
  clock.after(10, () => {
    fired.push('a');
    clock.after(5, () => fired.push('a2'));
  });
  const cancelled = clock.after(12, () => fired.push('never'));
  cancelled.cancel();
  clock.advance(30);
  expect(fired).toEqual(['a', 'a2', 'b']);
  expect(clock.now()).toBe(30);
  expect(clock.waiting).toBe(0);
});
