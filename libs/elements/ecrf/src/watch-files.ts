import { type FSWatcher, statSync, watch } from 'node:fs';
import { dirname } from 'node:path';
import { type Clock, type Logger, type Timer, messageOf } from '@esinet/kernel';

/**
 * Tells when files have changed and then were left alone for a while. Looks at their folders, since editors and
 * orchestrators put a new file in the place of the old one. Ends when the function it gives is called.
 */
export function watchFiles(
  files: readonly string[],
  o: { readonly debounceMs: number; readonly clock: Clock; readonly logger: Logger },
  changed: () => void,
): () => void {
  let known = stateOf(files);
  let timer: Timer | undefined;
  const settle = (): void => {
    timer?.cancel();
    timer = o.clock.after(o.debounceMs, () => {
      const now = stateOf(files);
      if (now === known) return;
      known = now;
      changed();
    });
  };
  const watchers = [...new Set(files.map((file) => dirname(file)))].flatMap((folder): FSWatcher[] => {
    const failed = (error: unknown): void =>
      o.logger.warn('boundary files not watched', { folder, reason: messageOf(error) });
    try {
      const watcher = watch(folder, { persistent: false }, settle);
      watcher.on('error', failed);
      return [watcher];
    } catch (error) {
      failed(error);
      return [];
    }
  });
  return () => {
    timer?.cancel();
    for (const watcher of watchers) watcher.close();
  };
}

function stateOf(files: readonly string[]): string {
  return files
    .map((file) => {
      const stats = statSync(file, { throwIfNoEntry: false });
      return stats ? `${stats.ino} ${stats.size} ${stats.mtimeMs}` : 'missing';
    })
    .join('\n');
}
