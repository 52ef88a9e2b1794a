import type { ServerTransaction } from '../transaction/server-transaction.js';
import type { TimerQueue } from '../transaction/timer-queue.js';
import type { UasAnswer } from './user-agent.js';

interface Noted {
  readonly key: string;
  readonly answer: Promise<UasAnswer>;
  readonly settle: (answer: UasAnswer) => void;
}

/** Requests at most remembered; beyond that a merged request is taken for a new one, which the records notice. */
const most = 200_000;

/** Tells a request that came again by another path, RFC 3261 8.2.2.2. */
export class MergedRequests {
  readonly #noted = new Map<string, Noted>();

  constructor(
    private readonly queue: TimerQueue,
    private readonly keepMs: number,
  ) {}

  /** Notes a request; the earlier one where this came by another transaction already. */
  note(tx: ServerTransaction): Noted | undefined {
    const { request } = tx;
    // 8.2.2.2: only requests without a To tag can have been merged.
    if (request.to?.tag !== undefined) return undefined;
    const identity = identityOf(tx);
    const earlier = this.#noted.get(identity);
    if (earlier) return earlier.key === tx.key ? undefined : earlier;
    if (this.#noted.size >= most) return undefined;
    let settle: (answer: UasAnswer) => void = () => undefined;
    const answer = new Promise<UasAnswer>((resolve) => {
      settle = resolve;
    });
    this.#noted.set(identity, { key: tx.key, answer, settle });
    this.queue.after(this.keepMs, () => this.#noted.delete(identity));
    return undefined;
  }

  answered(tx: ServerTransaction, answer: UasAnswer): void {
    this.#noted.get(identityOf(tx))?.settle(answer);
  }
}

function identityOf({ request }: ServerTransaction): string {
  const { cseq } = request;
  return `${request.from?.tag ?? ''}\n${request.callId ?? ''}\n${cseq?.number ?? ''} ${cseq?.method ?? ''}`;
}
