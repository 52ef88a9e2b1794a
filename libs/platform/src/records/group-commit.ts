import { RecordsError } from './records.js';

export interface GroupCommitLimits {
  /** Records committed together. */
  readonly maxBatchRecords: number;
  /** Bytes committed together, exceeded by at most one job. */
  readonly maxBatchBytes: number;
  /** Records that may wait; more are refused at once. */
  readonly maxWaiting: number;
}

/** What a job weighs. */
export interface JobSize {
  readonly records: number;
  readonly bytes: number;
}

interface Waiting<J, R> {
  readonly job: J;
  readonly resolve: (result: R) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * One commit at a time, in the order of arrival: what comes while one is under way waits and goes with the next. A
 * commit that fails leaves it open what became of it, so everything that waits is refused with it: nothing later is
 * stored before the caller knows of it.
 */
export class GroupCommit<J, R> {
  #waiting: Waiting<J, R>[] = [];
  #records = 0;
  #running: Promise<void> | undefined;

  constructor(
    private readonly o: {
      readonly limits: GroupCommitLimits;
      readonly sizeOf: (job: J) => JobSize;
      /** Asked for each batch: gives what says of one job after the other whether it may go with those before it. */
      readonly joining?: () => (job: J) => boolean;
      /** An Error as the result of one job rejects that one alone. */
      readonly commit: (batch: readonly J[]) => Promise<readonly (R | Error)[]>;
    },
  ) {}

  add(job: J): Promise<R> {
    if (this.#records >= this.o.limits.maxWaiting) {
      const waiting = `${this.o.limits.maxWaiting} records wait to be written`;
      return Promise.reject(new RecordsError('overloaded', waiting));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ job, resolve, reject });
      this.#records += this.o.sizeOf(job).records;
      this.#running ??= this.#run();
    });
  }

  /** Resolves when nothing waits any more. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running;
  }

  async #run(): Promise<void> {
    // What is written in the same turn of the event loop belongs together.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#take();
      try {
        const results = await this.o.commit(batch.map(({ job }) => job));
        for (const [i, { resolve, reject }] of batch.entries()) {
          const result = results[i];
          if (result instanceof Error) reject(result);
          else resolve(result as R);
        }
      } catch (error) {
        const refused = [...batch, ...this.#waiting.splice(0)];
        this.#records = 0;
        for (const { reject } of refused) reject(error);
      }
    }
    this.#running = undefined;
  }

  #take(): Waiting<J, R>[] {
    const { limits, sizeOf } = this.o;
    const joins = this.o.joining?.();
    const batch: J[] = [];
    let records = 0;
    let bytes = 0;
    for (const { job } of this.#waiting) {
      if (records >= limits.maxBatchRecords || bytes >= limits.maxBatchBytes) break;
      if (joins && !joins(job) && batch.length > 0) break;
      batch.push(job);
      const size = sizeOf(job);
      records += size.records;
      bytes += size.bytes;
    }
    this.#records -= records;
    return this.#waiting.splice(0, batch.length);
  }
}
