/** Longest time told apart, in milliseconds. */
const most = 40_000;
/** Requests of one window of the course. Milliseconds. */
export const windowMs = 500;

/** What became of the requests of one kind in one phase. */
export interface Report {
  readonly sent: number;
  /** Answered 200. */
  readonly accepted: number;
  /** Final answers by status. */
  readonly statuses: Record<string, number>;
  readonly unanswered: number;
  /** Of the accepted ones, from the first sending to the answer, repetitions included. Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly slowest: number;
  readonly seconds: number;
  /** Answered 200 but not arrived at the PSAP. */
  readonly lost: number;
  /** By the time they were sent: how many, and how many of them were answered 200 within half a second. */
  readonly course: readonly { readonly sent: number; readonly good: number }[];
}

/** Counts what becomes of requests, without keeping any. */
export class Tally {
  readonly #latencies = new Uint32Array(most + 1);
  readonly #statuses = new Map<number, number>();
  readonly #course: { sent: number; good: number }[] = [];
  #sent = 0;
  #answered = 0;
  lost = 0;

  constructor(readonly startedAt: number) {}

  sent(at: number): void {
    this.#sent++;
    this.#window(at).sent++;
  }

  answered(status: number, sentAt: number, at: number): void {
    this.#answered++;
    this.#statuses.set(status, (this.#statuses.get(status) ?? 0) + 1);
    if (status !== 200) return;
    const ms = Math.min(most, Math.max(0, Math.round(at - sentAt)));
    this.#latencies[ms] = (this.#latencies[ms] ?? 0) + 1;
    if (ms <= 500) this.#window(sentAt).good++;
  }

  report(until: number): Report {
    const accepted = this.#statuses.get(200) ?? 0;
    return {
      sent: this.#sent,
      accepted,
      statuses: Object.fromEntries(this.#statuses),
      unanswered: this.#sent - this.#answered,
      p50: this.#quantile(accepted * 0.5),
      p99: this.#quantile(accepted * 0.99),
      slowest: this.#quantile(accepted),
      seconds: (until - this.startedAt) / 1_000,
      lost: this.lost,
      course: this.#course,
    };
  }

  #quantile(rank: number): number {
    let seen = 0;
    for (let ms = 0; ms <= most; ms++) {
      seen += this.#latencies[ms]!;
      if (seen >= rank) return ms;
    }
    return most;
  }

  #window(at: number): { sent: number; good: number } {
    const index = Math.max(0, Math.floor((at - this.startedAt) / windowMs));
    while (this.#course.length <= index) this.#course.push({ sent: 0, good: 0 });
    return this.#course[index]!;
  }
}
