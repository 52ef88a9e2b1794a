import type { Agent } from 'node:https';
import { type Clock, type Timer, httpExchange } from '@esinet/kernel';
import { timeOf } from '@esinet/handover';
import { mostOctets } from './agreement.js';
import type { Intake, SimulatorEvent } from './intake.js';
import type { AnnouncedObject, ObjectBook } from './object-book.js';

export interface FetchSettings {
  readonly timeoutMs: number;
  /** Pause before the second attempt; each is twice the one before, up to `mostPauseMs`. */
  readonly firstPauseMs: number;
  readonly mostPauseMs: number;
  readonly attempts: number;
}

export const defaultFetchSettings: FetchSettings = {
  ...{ timeoutMs: 30_000, firstPauseMs: 500, mostPauseMs: 30_000, attempts: 20 },
};

/** What came of asking once. */
export interface Fetched {
  readonly id: string;
  readonly status: number;
  readonly octets: number;
  readonly problem?: string;
}

/** Model A: fetches objects from the provider, and again until they are here or expired. TS 103 707 C.2 */
export class ObjectFetcher {
  readonly #timers = new Set<Timer>();
  #closed = false;

  constructor(
    private readonly o: {
      readonly agent: Agent;
      readonly objects: ObjectBook;
      readonly intake: Intake;
      readonly settings: FetchSettings;
      readonly clock: Clock;
      readonly happened: (event: SimulatorEvent) => void;
    },
  ) {}

  /** Begins; what fails is asked for again, later. */
  start(objects: readonly AnnouncedObject[]): void {
    for (const object of objects) this.#later(object, 1, 0);
  }

  /** Once, and now. */
  async fetch({ id, url }: AnnouncedObject, agent = this.o.agent): Promise<Fetched> {
    const { timeoutMs } = this.o.settings;
    const answer = await httpExchange({ method: 'GET', url, timeoutMs, maxBytes: mostOctets, agent });
    if (!answer.ok) return { id, status: 0, octets: 0, problem: answer.error.message };
    const { status, headers, body } = answer.value;
    if (status !== 200) return { id, status, octets: body.length, problem: `status ${status}` };
    // With a certificate that is not ours nothing should come: what comes is not kept as if it were in order.
    if (agent !== this.o.agent || this.o.objects.get(id)?.state === 'here') {
      return { id, status, octets: body.length };
    }
    const contentType = headers['content-type'];
    const problem = await this.o.intake.object(id, body, { contentType, how: 'fetched' });
    return { id, status, octets: body.length, ...(problem !== undefined && { problem }) };
  }

  close(): void {
    this.#closed = true;
    for (const timer of this.#timers) timer.cancel();
    this.o.agent.destroy();
  }

  #later(object: AnnouncedObject, attempt: number, ms: number): void {
    const timer = this.o.clock.after(ms, () => {
      this.#timers.delete(timer);
      void this.#attempt(object, attempt);
    });
    this.#timers.add(timer);
  }

  async #attempt(object: AnnouncedObject, attempt: number): Promise<void> {
    const { settings, clock, happened } = this.o;
    if (this.#closed || this.o.objects.get(object.id)?.state === 'here') return;
    const { problem } = await this.fetch(object).catch((error: unknown) => ({ problem: String(error) }));
    if (problem === undefined || this.#closed) return;
    happened({ kind: 'fetch-failed', object, why: problem, attempt });
    const { expiry } = object.announced;
    const isOver = expiry !== undefined && clock.wall() >= (timeOf(expiry) ?? Infinity);
    if (isOver || attempt >= settings.attempts) return;
    this.#later(
      object,
      attempt + 1,
      Math.min(settings.mostPauseMs, settings.firstPauseMs * 2 ** (attempt - 1)),
    );
  }
}
