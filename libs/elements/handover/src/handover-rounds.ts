import { type Clock, type Logger, type Timer, messageOf } from '@esinet/kernel';
import type { HandoverDesk } from './handover-desk.js';
import type { CaseVault } from './vault/case-vault.js';

export interface RoundsSettings {
  /** Looks for new records of LIIDs this often. */
  readonly lookMs: number;
  /** Looks this often for what is over. */
  readonly endsMs: number;
  /** How long a case is kept after its order is over, so that people see what became of it. */
  readonly keepMs: number;
  /** An LIID whose batch could not be made is looked at again after this time. */
  readonly retryMs: number;
}

export const defaultRoundsSettings: RoundsSettings = {
  lookMs: 2_000,
  endsMs: 60_000,
  keepMs: 86_400_000,
  retryMs: 60_000,
};

/** What happens without anybody's word: batches of LIIDs, and the end of what is over. */
export class HandoverRounds {
  #timer: Timer | undefined;
  #round: Promise<void> = Promise.resolve();
  #closed = false;
  #endsAt = -Infinity;
  /** Cases that are not looked at before (monotonic). */
  readonly #notBefore = new Map<string, number>();

  constructor(
    private readonly o: {
      readonly desk: HandoverDesk;
      readonly vault: CaseVault;
      readonly settings: RoundsSettings;
      readonly clock: Clock;
      readonly logger: Logger;
    },
  ) {}

  /** What a crash left half done is finished first. */
  async start(): Promise<void> {
    const { desk, vault } = this.o;
    await desk.ends.finish();
    for (const { id, phase } of await vault.heads()) if (phase === 'running') desk.batches.running.add(id);
    this.#next();
  }

  /** Resolves when nothing of it is under way any more. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    await this.#round;
  }

  /** One round. What fails is told and tried again in the next. */
  async round(): Promise<void> {
    const { desk, clock, settings, logger } = this.o;
    try {
      for (const id of [...desk.batches.running]) if (!this.#closed) await this.#look(id);
      if (clock.now() < this.#endsAt || this.#closed) return;
      this.#endsAt = clock.now() + settings.endsMs;
      const objects = await desk.ends.expireObjects();
      const cases = await desk.ends.expireCases(settings.keepMs);
      if (objects + cases > 0) logger.info('handover-expired', { cases, objects });
    } catch (error) {
      logger.error('handover-round-failed', { reason: messageOf(error) });
    }
  }

  async #look(id: string): Promise<void> {
    const { desk, clock, settings, logger } = this.o;
    if (clock.now() < (this.#notBefore.get(id) ?? -Infinity)) return;
    try {
      const came = await desk.batches.look(id);
      if (came === 'ended') await desk.acknowledged(id);
      if (came !== 'refused') return;
      logger.error('handover-batch-refused', { case: id });
    } catch (error) {
      logger.error('handover-batch-failed', { case: id, reason: messageOf(error) });
    }
    this.#notBefore.set(id, clock.now() + settings.retryMs);
  }

  #next(): void {
    if (this.#closed) return;
    this.#timer = this.o.clock.after(this.o.settings.lookMs, () => {
      this.#round = this.round().finally(() => this.#next());
    });
  }
}
