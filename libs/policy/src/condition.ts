import type { Area } from './area-index.js';
import type { CallView } from './call-view.js';
import type { Fields } from './fields.js';

/** Whether a condition holds; a text where that cannot be told: why. Such a condition is not true, negated or not. */
export type Truth = boolean | string;

/** What it takes to test a condition: cheap ones of a rule go first. They are all ANDed, so order changes no outcome. */
export const cost = { fact: 0, state: 1, header: 2, time: 3, body: 5, area: 6 } as const;

/** A condition as read from its policy, ready to be tested. Two with the same text or key are the same. */
export interface Test {
  /** The condition as a person reads it: `Priority EQ emergency`. Nothing of a call is in it. */
  readonly text: string;
  /** Where the text does not tell all: what makes two of them the same. */
  readonly key?: string;
  readonly cost: number;
  /** What it asks about with `CallView.shareOf`: all areas of a set are looked up together. */
  readonly areas?: readonly Area[];
  readonly holds: (call: CallView) => Truth;
}

export interface Condition extends Test {
  readonly negated: boolean;
}

/** A kind of condition: its `conditionType`, and how its members are read. */
export interface ConditionKind {
  readonly type: string;
  readonly read: (fields: Fields) => Test | undefined;
}
