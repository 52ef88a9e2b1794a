import type { Elsewhere } from './fault.js';

/** Faults of the table that have no script here, and what stands in its place. */
export const elsewhere: readonly Elsewhere[] = [
  {
    id: 'F37',
    title: 'the receiver of a hand-over (TS 103 707) is down',
    goal: 'every object delivered once',
    elsewhere:
      'no process to be started yet; libs/elements/handover/src/delivery: sent in order and once, over a crash between sending and writing down too',
  },
];
