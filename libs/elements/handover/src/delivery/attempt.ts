import { type ErrorAction, actionOn, readMessage } from '@esinet/handover';

/** What came of sending a document once. */
export type Exchange =
  | { readonly kind: 'answered'; readonly status: number; readonly body: Buffer }
  | {
      readonly kind: 'failed';
      /** A word for the log and the operator: `refused`, `timeout`, `cut`, `certificate`, `too-large`. */
      readonly reason: string;
      /** Whether the authority may have taken it all the same. */
      readonly mayHaveArrived: boolean;
    };

/** What is to be done about a sealed document now. */
export type Verdict =
  | { readonly kind: 'delivered' }
  /** The same bytes again, later. `mayHaveArrived` is remembered: 3010 then means that it had. */
  | { readonly kind: 'retry'; readonly reason: string; readonly mayHaveArrived: boolean }
  /** Nothing more to this authority until somebody says so. */
  | { readonly kind: 'pause'; readonly code: number; readonly mayHaveArrived: boolean }
  | { readonly kind: 'split'; readonly code: number }
  /** Never again as it is. */
  | { readonly kind: 'permanent'; readonly code: number };

/**
 * Reads an answer. Success is HTTP 200 and a DELIVERResponse for each action (TS 103 120 9.3.3): whatever is no answer
 * to this transaction counts as a way that failed, and what is sent again is the same.
 */
export function verdictOf(
  exchange: Exchange,
  sent: {
    readonly transactionId: string;
    readonly objectIds: readonly string[];
    /** Whether an earlier attempt may have arrived. */
    readonly mayHaveArrived: boolean;
  },
): Verdict {
  if (exchange.kind === 'failed') {
    return {
      kind: 'retry',
      reason: exchange.reason,
      mayHaveArrived: sent.mayHaveArrived || exchange.mayHaveArrived,
    };
  }
  // It has spoken, so it may have read.
  const again = (reason: string): Verdict => ({ kind: 'retry', reason, mayHaveArrived: true });
  if (exchange.status !== 200) return again(`status-${exchange.status}`);
  const read = readMessage(exchange.body);
  if (!read.ok) return again('unreadable-answer');
  const { value: answer } = read;
  if (answer.kind !== 'response') return again('no-answer');
  if (answer.header.transactionId !== sent.transactionId) return again('other-transaction');
  if (answer.outcome.kind === 'refused') return onError(answer.outcome.error.code, sent.mayHaveArrived);
  const outcomes = new Map(answer.outcome.actions.map((each) => [each.action, each]));
  const verdicts: Verdict[] = sent.objectIds.map((objectId, action) => {
    const outcome = outcomes.get(action);
    if (!outcome) return again('half-an-answer');
    if (outcome.kind === 'failed') return onError(outcome.error.code, sent.mayHaveArrived);
    if (outcome.kind !== 'delivered') return again('other-answer');
    return outcome.objectId === objectId ? { kind: 'delivered' } : again('other-object');
  });
  const worst = gravest.map((kind) => verdicts.find((verdict) => verdict.kind === kind)).find(Boolean);
  // The others of it are there already: next time they say 3010.
  const some = verdicts.some(({ kind }) => kind === 'delivered');
  return worst && 'mayHaveArrived' in worst && some
    ? { ...worst, mayHaveArrived: true }
    : (worst ?? again('empty'));
}

const gravest: readonly Verdict['kind'][] = ['permanent', 'pause', 'split', 'retry', 'delivered'];

function onError(code: number, mayHaveArrived: boolean): Verdict {
  const action: ErrorAction = actionOn(code);
  switch (action) {
    case 'retry':
      return { kind: 'retry', reason: `error-${code}`, mayHaveArrived };
    case 'pause':
      return { kind: 'pause', code, mayHaveArrived };
    case 'split':
      return { kind: 'split', code };
    case 'exists':
      return mayHaveArrived ? { kind: 'delivered' } : { kind: 'permanent', code };
    case 'permanent':
      return { kind: 'permanent', code };
  }
}

/** Milliseconds until the next attempt: doubling from `first` to `most`, with a share of chance so that not all come at once. */
export function backOff(
  attempt: number,
  o: { readonly firstMs: number; readonly mostMs: number },
  chance: number,
): number {
  const whole = Math.min(o.mostMs, o.firstMs * 2 ** Math.min(attempt - 1, 30));
  return Math.round(whole * (0.75 + chance / 2));
}
