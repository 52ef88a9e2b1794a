import type { Elsewhere } from './fault.js';

/** Faults of the table that have no script here, and what stands in its place. */
export const elsewhere: readonly Elsewhere[] = [
  {
    id: 'F36',
    title: 'a PSAP dies in a transfer',
    goal: 'the chat is owned by exactly one PSAP, no message lost',
    elsewhere: 'test/src/transfer ends either side of HTTP-3 at every step',
  },
  {
    id: 'F37',
    title: 'the receiver of a hand-over (TS 103 707) is down',
    goal: 'every object delivered once',
    elsewhere: 'the element is not built',
  },
];
