import type { Clock, Logger } from '@esinet/kernel';
import type { Health } from './health.js';
import type { Metrics } from './metrics.js';

/** A step of the time of day beyond which it is told. Milliseconds. */
export const jumpAboveMs = 30_000;

const everyMs = 1_000;
/** How long readiness mentions it. */
const mentionedMs = 600_000;

/**
 * Tells of jumps of the time of day. Timers hang on the monotonic clock and do not move; stamps, certificates and the
 * ends of mappings and tokens follow the time of day, and are wrong before the jump or after it.
 */
export function watchClock(o: {
  readonly health: Pick<Health, 'note'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}): void {
  const { health, clock, logger, metrics } = o;
  const jumps = metrics.counter('esinet_clock_jumps_total', 'Jumps of the time of day by more than 30 s');
  jumps.inc({}, 0);
  let offset = clock.wall() - clock.now();
  let last: { readonly seconds: number; readonly at: number } | undefined;
  health.note('clock', () =>
    last && clock.now() - last.at < mentionedMs
      ? `the time of day has jumped by ${last.seconds} s: is it right?`
      : undefined,
  );
  const look = (): void => {
    const next = clock.wall() - clock.now();
    const byMs = next - offset;
    offset = next;
    if (Math.abs(byMs) > jumpAboveMs) {
      last = { seconds: Math.round(byMs / 1_000), at: clock.now() };
      jumps.inc();
      logger.error('clock jumped', { seconds: last.seconds });
    }
    clock.after(everyMs, look);
  };
  clock.after(everyMs, look);
}
