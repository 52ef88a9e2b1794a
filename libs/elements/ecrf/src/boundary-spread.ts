import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type Clock, type Logger, type Timer, messageOf, randomIds } from '@esinet/kernel';
import type { Bus, Subscription } from '@esinet/platform';
import { z } from 'zod';
import type { BoundaryReload } from './boundary-reload.js';

/** Files may come to another machine a while later: looked at so often, with this between. */
const looks = { times: 30, everyMs: 10_000 };

/** `boundaries.changed`: an ECRF answers from other files than before. */
const changedSchema = z.strictObject({
  from: z.string().min(1).max(200),
  /** The LoST name of the server: those of one name have the same boundaries. */
  source: z.string().min(1).max(255),
  /** Hash of the files, in their order. */
  version: z.string().regex(/^[0-9a-f]{64}$/),
});

/**
 * ECRFs of one name go over to the same files together. One that took new files tells the hash of what is in them; the
 * others look at their own files, and load them once they have that content. No boundary travels on the bus.
 */
export class BoundarySpread {
  readonly #self: string;
  readonly #subscription: Subscription;
  /** Hash of what is answered from. */
  #loaded: Promise<string | undefined>;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(
    private readonly o: {
      readonly files: readonly string[];
      readonly source: string;
      readonly reload: BoundaryReload;
      readonly instance: string;
      readonly bus: Bus;
      readonly clock: Clock;
      readonly logger: Logger;
      readonly everyMs?: number;
    },
  ) {
    this.#self = `${o.instance}-${randomIds.token(8)}`;
    this.#loaded = this.#hash();
    o.reload.onTaken = (trigger) => {
      this.#loaded = this.#hash();
      if (trigger !== 'bus') void this.#tell();
    };
    this.#subscription = o.bus.subscribe('boundaries.changed', (payload) => this.#changed(payload));
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    delete this.o.reload.onTaken;
    this.#subscription.unsubscribe();
  }

  async #tell(): Promise<void> {
    const version = await this.#loaded;
    if (version === undefined || this.#stopped) return;
    try {
      this.o.bus.publish('boundaries.changed', { from: this.#self, source: this.o.source, version });
    } catch (error) {
      this.o.logger.warn('boundaries not told', { reason: messageOf(error) });
    }
  }

  async #changed(payload: unknown): Promise<void> {
    const read = changedSchema.safeParse(payload);
    if (!read.success) {
      this.o.logger.warn('unreadable on the bus about boundaries', {
        where: read.error.issues[0]?.path.join('.') ?? '',
      });
      return;
    }
    const { from, source, version } = read.data;
    if (from === this.#self || source !== this.o.source) return;
    this.#timer?.cancel();
    await this.#look(version, looks.times);
  }

  async #look(version: string, left: number): Promise<void> {
    if (this.#stopped || (await this.#loaded) === version) return;
    if ((await this.#hash()) === version) {
      await this.o.reload.reload('bus');
      return;
    }
    if (left === looks.times) this.o.logger.warn('boundaries of another server are not in our files yet', {});
    if (left <= 1) {
      this.o.logger.error('boundaries differ from those of another server', {});
      return;
    }
    this.#timer = this.o.clock.after(
      this.o.everyMs ?? looks.everyMs,
      () => void this.#look(version, left - 1),
    );
  }

  async #hash(): Promise<string | undefined> {
    const hash = createHash('sha256');
    try {
      for (const file of this.o.files) {
        for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
        hash.update('\0');
      }
      return hash.digest('hex');
    } catch (error) {
      this.o.logger.debug('boundary files not read', { reason: messageOf(error) });
      return undefined;
    }
  }
}
