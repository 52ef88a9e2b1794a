import type { ServerTransaction } from '../transaction/server-transaction.js';
import type { TimerQueue } from '../transaction/timer-queue.js';
import type { UasAnswer } from './uas-answer.js';

interface Noted {
  readonly key: string;
  answer: UasAnswer | undefined;
  waiting: ServerTransaction[] | undefined;
}

/** Requests at most remembered; beyond that a merged request is taken for a new one, which the records notice. */
export const mostMergedRequests = 200_000;

/** Tells a request that came again by another path, RFC 3261 8.2.2.2. */
export class MergedRequests {
  readonly #noted = new Map<string, Noted>();

  constructor(
    private readonly queue: TimerQueue,
    private readonly keepMs: number,
    private readonly mode: 'reject' | 'repeat',
  ) {}

  /** Notes a request. True where it came by another transaction before: then it is answered, or will be. */
  merge(tx: ServerTransaction): boolean {
    // 8.2.2.2: only requests without a To tag can have been merged.
    if (tx.request.to?.tag !== undefined) return false;
    const identity = identityOf(tx);
    const earlier = this.#noted.get(identity);
    if (earlier && earlier.key !== tx.key) {
      if (this.mode === 'reject') tx.respond({ status: 482 });
      else if (earlier.answer) tx.respond(earlier.answer);
      else (earlier.waiting ??= []).push(tx);
      return true;
    }
    if (earlier || this.#noted.size >= mostMergedRequests) return false;
    this.#noted.set(identity, { key: tx.key, answer: undefined, waiting: undefined });
    this.queue.after(this.keepMs, () => this.#noted.delete(identity));
    return false;
  }

  answered(tx: ServerTransaction, answer: UasAnswer): void {
    if (this.mode === 'reject') return;
    const noted = this.#noted.get(identityOf(tx));
    if (!noted || noted.key !== tx.key) return;
    noted.answer = answer;
    for (const other of noted.waiting ?? []) other.respond(answer);
    noted.waiting = undefined;
  }
}

function identityOf({ request }: ServerTransaction): string {
  const { cseq } = request;
  return `${request.from?.tag ?? ''}\n${request.callId ?? ''}\n${cseq?.number ?? ''} ${cseq?.method ?? ''}`;
}
