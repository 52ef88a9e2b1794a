import type { Clock, Logger } from '@esinet/kernel';
import { certificatesIn } from '@esinet/sip';
import type { Metrics } from '../telemetry/metrics.js';
import type { TlsOptions } from './tls-options.js';

const dayMs = 86_400_000;

/** Days before the end of a certificate on which it is told, once each; 0 is the end itself. */
export const alarmDays: readonly number[] = [30, 7, 1, 0];

/** The step of `alarmDays` that is reached with so many milliseconds left; undefined before the first. */
export function alarmStep(leftMs: number): number | undefined {
  return alarmDays.findLast((days) => leftMs <= days * dayMs);
}

/** Tells of certificates that are about to expire: those of an element, and of the authorities it believes. */
export class ExpiryAlarm {
  /** By fingerprint: the step that was told last. */
  readonly #told = new Map<string, number>();
  #gauge: { set(value: number, labels: Record<string, string>): void } | undefined;

  constructor(private readonly o: { readonly clock: Clock; readonly logger: Logger }) {}

  measure(metrics: Metrics): void {
    this.#gauge = metrics.gauge(
      'esinet_certificate_expires_seconds',
      'Seconds until the certificate of an element, or the first of the authorities it believes, expires',
      ['certificate'],
    );
  }

  /** To be called now and then, and whenever the certificates are others. */
  look(name: string, tls: Pick<TlsOptions, 'cert' | 'ca'>): void {
    for (const [label, pem] of [
      [name, tls.cert],
      [`${name}-trust`, tls.ca],
    ] as const) {
      const ends = certificatesIn(pem).map((certificate) => ({
        fingerprint: certificate.fingerprint256,
        subject: certificate.subject,
        leftMs: new Date(certificate.validTo).getTime() - this.o.clock.wall(),
      }));
      for (const { fingerprint, subject, leftMs } of ends) this.#tell(label, subject, fingerprint, leftMs);
      const first = Math.min(...ends.map(({ leftMs }) => leftMs));
      if (Number.isFinite(first)) this.#gauge?.set(Math.round(first / 1_000), { certificate: label });
    }
  }

  #tell(certificate: string, subject: string, fingerprint: string, leftMs: number): void {
    const step = alarmStep(leftMs);
    if (step === undefined || (this.#told.get(fingerprint) ?? Infinity) <= step) return;
    this.#told.set(fingerprint, step);
    const fields = { certificate, subject, fingerprint, daysLeft: Math.floor(leftMs / dayMs) };
    if (step > 1) this.o.logger.warn('certificate expires soon', fields);
    else this.o.logger.error(step === 0 ? 'certificate expired' : 'certificate expires within a day', fields);
  }
}
