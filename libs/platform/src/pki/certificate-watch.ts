import { type FSWatcher, watch } from 'node:fs';
import { dirname } from 'node:path';
import { type Clock, type Logger, type Timer, messageOf } from '@esinet/kernel';
import { certificatesIn } from '@esinet/sip';
import type { CounterMetric, Metrics } from '../telemetry/metrics.js';
import { ExpiryAlarm } from './expiry-alarm.js';
import { type LiveTls, liveTls } from './live-tls.js';
import { type TlsFiles, readTlsMaterial, unfitFor } from './tls-material.js';
import type { TlsOptions } from './tls-options.js';

export interface WatchLimits {
  /** Milliseconds between two looks at the files, for what the kernel does not tell of. */
  readonly everyMs: number;
  /** Milliseconds after a change until the files are read: one renewal is several files. */
  readonly settleMs: number;
  /** Milliseconds that files which do not fit together have until that is a fault. */
  readonly patienceMs: number;
}

export const defaultWatchLimits: WatchLimits = { everyMs: 10_000, settleMs: 200, patienceMs: 2_000 };

/** What came of one look at the files. */
export type Refresh = 'same' | 'taken' | 'refused';

export interface CertificateWatch {
  /** Always the present certificate, key and trust. */
  readonly tls: TlsOptions;
  /** Looks at the files now. Never rejects: what will not do changes nothing. */
  refresh(): Promise<Refresh>;
  /** From now on counts and shows when certificates expire in these: those of the element, which are made as it starts. */
  measure(metrics: Metrics): void;
  close(): void;
}

/**
 * Certificate, key and trust of one program, read from files and read again when these change: renamed over, or behind a
 * link that was turned (as Kubernetes does with secrets). What cannot be read, does not belong together, is too weak or
 * not valid now is refused as a whole, logged and counted, and what was in force stays.
 *
 * @throws PkiError when there is nothing to begin with
 */
export async function watchCertificates(
  files: TlsFiles,
  o: {
    readonly clock: Clock;
    readonly logger: Logger;
    readonly metrics?: Metrics | undefined;
    readonly limits?: Partial<WatchLimits>;
  },
): Promise<CertificateWatch> {
  const live = liveTls(await readTlsMaterial(files), o.logger);
  return new FileWatch(files, live, o);
}

class FileWatch implements CertificateWatch {
  readonly #limits: WatchLimits;
  readonly #alarm: ExpiryAlarm;
  readonly #watchers: FSWatcher[] = [];
  #rotations: CounterMetric | undefined;
  #timer: Timer | undefined;
  #closed = false;
  #looking: Promise<Refresh> | undefined;
  #again = false;
  #unfitSince: number | undefined;
  /** The last fault told: each look finds the same one. */
  #told = '';

  constructor(
    private readonly files: TlsFiles,
    private readonly live: LiveTls,
    private readonly o: {
      readonly clock: Clock;
      readonly logger: Logger;
      readonly metrics?: Metrics | undefined;
      readonly limits?: Partial<WatchLimits>;
    },
  ) {
    this.#limits = { ...defaultWatchLimits, ...o.limits };
    this.#alarm = new ExpiryAlarm(o);
    if (o.metrics) this.measure(o.metrics);
    else this.#alarm.look(files.name, live.tls);
    const folders = new Set([files.folder, ...[...(files.trust ?? []), ...(files.crl ?? [])].map(dirname)]);
    for (const folder of folders) this.#watch(folder);
    this.#arm(this.#limits.everyMs);
  }

  get tls(): TlsOptions {
    return this.live.tls;
  }

  measure(metrics: Metrics): void {
    this.#rotations = metrics.counter(
      'esinet_certificate_rotations_total',
      'Changes of certificate, key or trust that were taken over, and that were refused because they would not do',
      ['certificate', 'result'],
    );
    this.#alarm.measure(metrics);
    this.#alarm.look(this.files.name, this.live.tls);
  }

  #count(result: 'taken' | 'refused'): void {
    this.#rotations?.inc({ certificate: this.files.name, result });
  }

  refresh(): Promise<Refresh> {
    if (this.#looking) {
      this.#again = true;
      return this.#looking;
    }
    this.#looking = this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    for (const watcher of this.#watchers) watcher.close();
  }

  async #look(): Promise<Refresh> {
    let result: Refresh;
    do {
      this.#again = false;
      result = await this.#readOnce();
    } while (this.#again && !this.#closed);
    this.#alarm.look(this.files.name, this.live.tls);
    const waiting = this.#unfitSince !== undefined && this.#told === '';
    this.#arm(waiting ? this.#limits.settleMs : this.#limits.everyMs);
    return result;
  }

  async #readOnce(): Promise<Refresh> {
    const { clock, logger } = this.o;
    const { name } = this.files;
    let problem: string | undefined;
    try {
      const next = await readTlsMaterial(this.files);
      if (this.#closed) return 'same';
      problem = this.#isPresent(next) ? undefined : unfitFor(next, clock.wall());
      if (problem === undefined) {
        this.#unfitSince = undefined;
        this.#told = '';
        if (!this.live.replace(next)) return 'same';
        const [leaf] = certificatesIn(next.cert);
        logger.info('certificate rotated', {
          certificate: name,
          fingerprint: leaf?.fingerprint256,
          notAfter: leaf?.validTo,
        });
        this.#count('taken');
        return 'taken';
      }
    } catch (error) {
      problem = messageOf(error);
    }
    if (this.#closed) return 'same';
    // Between two renames of one renewal the files do not fit: that is no fault until it lasts.
    this.#unfitSince ??= clock.now();
    if (clock.now() - this.#unfitSince >= this.#limits.patienceMs && this.#told !== problem) {
      this.#told = problem;
      logger.error('certificate refused', { certificate: name, reason: problem });
      this.#count('refused');
    }
    return 'refused';
  }

  #isPresent(next: TlsOptions): boolean {
    const { key, cert, ca } = this.live.tls;
    return next.key === key && next.cert === cert && next.ca === ca;
  }

  #watch(folder: string): void {
    try {
      const watcher = watch(folder, { persistent: false }, () => this.#arm(this.#limits.settleMs));
      watcher.on('error', (error) =>
        this.o.logger.warn('certificates are looked at only now and then', { reason: messageOf(error) }),
      );
      this.#watchers.push(watcher);
    } catch (error) {
      this.o.logger.warn('certificates are looked at only now and then', { reason: messageOf(error) });
    }
  }

  #arm(ms: number): void {
    if (this.#closed) return;
    this.#timer?.cancel();
    this.#timer = this.o.clock.after(ms, () => void this.refresh());
  }
}
