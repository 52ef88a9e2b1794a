import { appendFile, mkdir, rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Logger, messageOf } from '@esinet/kernel';

/** One thing that was done about a bad actor. Says nothing of who called, and no address. */
export interface AuditEntry {
  /** RFC 3339 */
  readonly at: string;
  readonly what: 'reported' | 'extended' | 'undone' | 'ended';
  /** The source's identifier. */
  readonly id: string;
  /** Name in the certificate or address of the element that did it; missing where time did. */
  readonly by?: string;
  readonly action: 'limit' | 'block';
  readonly until: string;
  /** The peer behind which the source is. */
  readonly peer?: string;
}

/** Entries that may wait to be written. */
const mostWaiting = 1_000;

/** A file of JSON lines; when it is full it becomes `….1`, in place of the one before. Never throws. */
export class AuditTrail {
  #tail: Promise<void> = Promise.resolve();
  #waiting = 0;

  constructor(
    private readonly o: {
      /** Without one entries are only logged. */
      readonly file?: string;
      readonly maxBytes: number;
      readonly logger: Logger;
    },
  ) {}

  /** Resolves when it is written, or cannot be. */
  append(entry: AuditEntry): Promise<void> {
    this.o.logger.info('bad-actor', { ...entry });
    const { file } = this.o;
    if (file === undefined) return Promise.resolve();
    if (this.#waiting >= mostWaiting) {
      this.o.logger.error('bad-actor-audit-failed', { reason: 'too many entries wait to be written' });
      return Promise.resolve();
    }
    this.#waiting++;
    this.#tail = this.#tail.then(() => this.#write(file, `${JSON.stringify(entry)}\n`));
    return this.#tail;
  }

  async #write(file: string, line: string): Promise<void> {
    try {
      await mkdir(dirname(file), { recursive: true });
      const size = await stat(file).then(
        (found) => found.size,
        () => 0,
      );
      if (size > 0 && size + line.length > this.o.maxBytes) await rename(file, `${file}.1`);
      await appendFile(file, line, { mode: 0o600 });
    } catch (error) {
      this.o.logger.error('bad-actor-audit-failed', { reason: messageOf(error) });
    } finally {
      this.#waiting--;
    }
  }
}
