import { InvalidArgumentError } from 'commander';

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
