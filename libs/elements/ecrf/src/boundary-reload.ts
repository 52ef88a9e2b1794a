import { type Clock, type Logger, isoTime, messageOf } from '@esinet/kernel';
import type { Bus, Health, Metrics } from '@esinet/platform';
import { countsOf, logProblems } from './load-layers.js';
import type { LoadProblem } from './load-boundaries.js';
import { packAside } from './pack-aside.js';
import type { PackPlan, PackedFiles } from './pack-files.js';

/** Problems told with a refusal; the log has all. */
const MAX_TOLD_PROBLEMS = 100;

export type ReloadTrigger = 'signal' | 'file' | 'request' | 'bus';

export interface ReloadOutcome {
  /** refused: the files are broken; failed: they could not be looked at. The boundaries stay as they were. */
  readonly result: 'ok' | 'refused' | 'failed';
  /** RFC 3339. */
  readonly at: string;
  /** From the trigger on. */
  readonly milliseconds: number;
  readonly boundaries?: number;
  readonly services?: number;
  readonly vertices?: number;
  readonly problems: readonly LoadProblem[];
  readonly reason?: string;
}

export interface ReloadPorts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly bus: Bus;
  readonly health: Health;
}

/**
 * New boundaries without a gap: read, checked and packed aside, and taken as a whole or not at all. Unlike at the
 * start, one broken feature refuses the set, since there is a good one to go on with.
 */
export class BoundaryReload {
  readonly #ports: ReloadPorts;
  readonly #count: { inc(labels: Readonly<Record<string, string>>): void };
  #running: Promise<ReloadOutcome> | undefined;
  #next: Promise<ReloadOutcome> | undefined;
  #last: ReloadOutcome | undefined;
  /** Called after a new set is in force. */
  onTaken?: (trigger: ReloadTrigger) => void;

  constructor(
    private readonly plan: PackPlan,
    /** Puts the new set in the place of the old one, at once. */
    private readonly swap: (packed: PackedFiles) => void,
    ports: ReloadPorts,
    private readonly pack: (plan: PackPlan) => Promise<PackedFiles> = packAside,
  ) {
    this.#ports = ports;
    this.#count = ports.metrics.counter('esinet_ecrf_reloads_total', 'New sets of boundaries by outcome', [
      'result',
    ]);
    ports.health.note('boundaries', () => this.#note());
  }

  /** Of the last reload. */
  get last(): ReloadOutcome | undefined {
    return this.#last;
  }

  /** One at a time: who asks while one is under way gets the next, together with all others who do. */
  reload(trigger: ReloadTrigger): Promise<ReloadOutcome> {
    if (!this.#running) return (this.#running = this.#run(trigger));
    return (this.#next ??= this.#running.then(() => {
      this.#next = undefined;
      return (this.#running = this.#run(trigger));
    }));
  }

  async #run(trigger: ReloadTrigger): Promise<ReloadOutcome> {
    const { clock, logger } = this.#ports;
    const started = clock.now();
    logger.info('reload of boundaries begins', { trigger });
    const outcome = await this.#attempt(started);
    this.#last = outcome;
    this.#running = undefined;
    this.#count.inc({ result: outcome.result });
    const { problems, ...told } = outcome;
    const fields = { trigger, ...told, problems: problems.length };
    if (outcome.result === 'ok') logger.info('boundaries reloaded', fields);
    else logger.error('boundaries not reloaded, the last good ones stay', fields);
    this.#publish({ trigger, ...told, problems: problems.slice(0, MAX_TOLD_PROBLEMS) });
    if (outcome.result === 'ok') this.onTaken?.(trigger);
    return outcome;
  }

  async #attempt(started: number): Promise<ReloadOutcome> {
    const { clock, logger } = this.#ports;
    const stamp = (): { at: string; milliseconds: number } => ({
      at: isoTime(clock.wall()),
      milliseconds: Math.round(clock.now() - started),
    });
    try {
      const packed = await this.pack(this.plan);
      logProblems(packed, logger);
      const problems = [...packed.problems, ...(packed.civic?.problems ?? [])].slice(0, MAX_TOLD_PROBLEMS);
      if (problems.length > 0) return { result: 'refused', ...stamp(), problems };
      const counts = countsOf(packed);
      if (counts.boundaries === 0)
        return { result: 'refused', ...stamp(), problems, reason: 'no service boundary in the files' };
      this.swap(packed);
      return { result: 'ok', ...stamp(), ...counts, problems };
    } catch (error) {
      return { result: 'failed', ...stamp(), problems: [], reason: messageOf(error) };
    }
  }

  #publish(outcome: object): void {
    try {
      this.#ports.bus.publish('events.ecrf.reload', { element: 'ecrf', ...outcome });
    } catch (error) {
      this.#ports.logger.warn('event not published', { reason: messageOf(error) });
    }
  }

  #note(): string | undefined {
    if (!this.#last || this.#last.result === 'ok') return undefined;
    const { at, reason, problems, result } = this.#last;
    const [first] = problems;
    const why = first ? `${first.source} ${first.feature}: ${first.message}` : reason;
    return `the set of ${at} was not taken (${result}: ${why}); the last good one serves`;
  }
}
