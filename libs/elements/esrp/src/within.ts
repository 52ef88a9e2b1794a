import type { Clock } from '@esinet/kernel';

/**
 * What `work` comes to within `ms` milliseconds, or `timeout`; `work` is told through the signal that nobody waits any
 * more. Throws what `work` throws in time; what it throws later is nobody's.
 */
export async function within<T>(
  clock: Clock,
  ms: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T | 'timeout'> {
  const controller = new AbortController();
  let giveUp: (value: 'timeout') => void = () => undefined;
  const late = new Promise<'timeout'>((resolve) => (giveUp = resolve));
  const timer = clock.after(ms, () => {
    giveUp('timeout');
    controller.abort();
  });
  try {
    const done = work(controller.signal);
    done.catch(() => undefined);
    return await Promise.race([done, late]);
  } finally {
    timer.cancel();
  }
}
