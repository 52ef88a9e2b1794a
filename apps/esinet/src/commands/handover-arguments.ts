import { InvalidArgumentError } from 'commander';
import { durationOf } from '@esinet/platform/duration';

/** What a reviewer withholds of one message. */
export interface Withholding {
  readonly index: number;
  readonly withhold: string;
  readonly reason: string;
}

const whats = ['message', 'text', 'parts', 'location'];
const reasons = ['third-party', 'privileged', 'reviewer'];

/** `3:text:privileged`; may be given again, or several with commas. */
export function withholding(text: string, before: readonly Withholding[] = []): Withholding[] {
  const made = text.split(',').map((each): Withholding => {
    const [index = '', withhold = 'message', reason = 'reviewer'] = each.trim().split(':');
    if (!/^\d+$/.test(index) || !whats.includes(withhold) || !reasons.includes(reason)) {
      throw new InvalidArgumentError(
        `Expected NUMBER:WHAT:WHY, such as 3:text:privileged. WHAT is ${whats.join(', ')}; WHY is ${reasons.join(', ')}.`,
      );
    }
    return { index: Number(index), withhold, reason };
  });
  return [...before, ...made];
}

/** An option that may be given several times, or once with commas. */
export function several(text: string, before: readonly string[] = []): string[] {
  return [...before, ...text.split(',').map((each) => each.trim())].filter((each) => each !== '');
}

/** An option that may be given several times, with commas of its own. */
export function repeated(text: string, before: readonly string[] = []): string[] {
  return [...before, text];
}

/** A time as it was written, if it is one. */
export function time(text: string): string {
  if (Number.isNaN(Date.parse(text))) throw new InvalidArgumentError('A time is 2026-03-01T23:30:00Z.');
  return text;
}

/** Milliseconds. */
export function duration(text: string): number {
  const ms = durationOf(text);
  if (ms === undefined) throw new InvalidArgumentError('A duration is 30 min, 1 h or 7 d.');
  return ms;
}

export function atMost(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1) throw new InvalidArgumentError('A number from 1 up.');
  return value;
}
