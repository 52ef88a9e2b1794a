import type { Clock } from '@esinet/kernel';
import type { ForwardOutcome } from '@esinet/sip';
import { within } from './within.js';

/** What a call asks of the queues of its next hops. */
export interface QueueCall {
  /** Next hops, best first. */
  readonly uris: readonly string[];
  /** Higher first; below 0 it is a test. */
  readonly priority: number;
  readonly running: boolean;
  readonly id: string;
  /** Where it comes from, as the border names it. */
  readonly source?: string;
}

interface HopOutcome {
  /** What went upstream; 0 where the place was never used. */
  readonly status: number;
  /** The next hop that gave it. */
  readonly answeredBy?: string;
  /** Next hops that failed before the one that answered. */
  readonly failed?: readonly { readonly uri: string; readonly status: number; readonly answered: boolean }[];
}

export interface Admission {
  readonly uri: string;
  /** The others, in the order in which they are to be tried. */
  readonly then?: readonly string[];
  /** Final responses after which the next one is tried besides those of the proxy. */
  readonly failoverOn?: (status: number) => boolean;
  release(outcome: HopOutcome): void;
}

export type AdmissionVerdict =
  | {
      readonly kind: 'admitted';
      readonly admission: Admission;
      readonly passedOver: readonly { readonly uri: string; readonly why: string }[];
    }
  | { readonly kind: 'busy'; readonly retryAfterSeconds: number };

/** The queues of the next hops. */
export interface QueuesPort {
  admit(call: QueueCall): AdmissionVerdict | Promise<AdmissionVerdict>;
}

/** What the queues answered, as plain data. `failed`: they did not, and the call goes on without them. */
export type QueueAnswer =
  | {
      readonly kind: 'admitted';
      readonly uri: string;
      readonly then?: readonly string[];
      readonly passedOver: readonly { readonly uri: string; readonly why: string }[];
    }
  | { readonly kind: 'busy'; readonly retryAfterSeconds: number }
  | { readonly kind: 'failed'; readonly why: 'threw' | 'timeout' };

export interface Admitted {
  readonly answer: QueueAnswer;
  /** To be called once, with what became of the call. */
  readonly release?: Admission['release'];
  readonly failoverOn?: Admission['failoverOn'];
}

/** Asks the queues; a call that is not let in within `ms` milliseconds, or whose queues fail, goes on without them. */
export async function admission(
  queues: QueuesPort,
  call: QueueCall,
  ms: number,
  clock: Clock,
): Promise<Admitted> {
  try {
    const asked = queues.admit(call);
    if (!(asked instanceof Promise)) return admittedOf(asked);
    const verdict = await within(clock, ms, () => asked);
    if (verdict !== 'timeout') return admittedOf(verdict);
    // Let in when nobody waits for it any more: its place is free at once.
    asked.then(
      (late) => late.kind === 'admitted' && late.admission.release({ status: 0 }),
      () => undefined,
    );
    return { answer: { kind: 'failed', why: 'timeout' } };
  } catch {
    return { answer: { kind: 'failed', why: 'threw' } };
  }
}

function admittedOf(verdict: AdmissionVerdict): Admitted {
  if (verdict.kind === 'busy')
    return { answer: { kind: 'busy', retryAfterSeconds: verdict.retryAfterSeconds } };
  const { admission: place, passedOver } = verdict;
  return {
    answer: {
      kind: 'admitted',
      uri: place.uri,
      ...(place.then && { then: place.then }),
      passedOver: passedOver.map(({ uri, why }) => ({ uri, why })),
    },
    release: (outcome) => place.release(outcome),
    failoverOn: (status) => place.failoverOn?.(status) ?? false,
  };
}

/** The outcome of forwarding as a queue sees it; `uris[i]` is the next hop of target i. */
export function hopOutcome(
  outcome: ForwardOutcome & {
    readonly tried?: readonly {
      readonly target: number;
      readonly status: number;
      readonly answered: boolean;
    }[];
  },
  uris: readonly string[],
): HopOutcome {
  const { status, target, tried = [] } = outcome;
  const failed = tried.flatMap((each) => {
    const uri = uris[each.target];
    return uri === undefined ? [] : [{ uri, status: each.status, answered: each.answered }];
  });
  // A target that only failed has not answered, though its failure was the best there was.
  const silent = tried.some((each) => each.target === target && !each.answered);
  const answeredBy = silent ? undefined : uris[target];
  return { status, failed, ...(answeredBy !== undefined && { answeredBy }) };
}
