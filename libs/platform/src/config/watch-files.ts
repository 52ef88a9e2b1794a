import { type FSWatcher, statSync, watch } from 'node:fs';
import { dirname } from 'node:path';
import { type Clock, type Logger, type Timer, messageOf } from '@esinet/kernel';

export interface WatchFilesOptions {
  /** What is read of the paths now; the paths themselves if not given. */
  readonly list?: () => readonly string[];
  /** What these files are, for the log: `boundary files`. */
  readonly what: string;
  /** Milliseconds the files have to be left alone. */
  readonly debounceMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Tells when files have come, gone or changed and then were left alone for a while. Looks at their folders, since
 * editors and orchestrators put a new file in the place of the old one; a path may be such a folder. Ends when the
 * function it gives is called.
 */
export function watchFiles(
  paths: readonly string[],
  { list = () => paths, what, debounceMs, clock, logger }: WatchFilesOptions,
  changed: () => void,
): () => void {
  let known = stateOf(list());
  let timer: Timer | undefined;
  const settle = (): void => {
    timer?.cancel();
    timer = clock.after(debounceMs, () => {
      const now = stateOf(list());
      if (now === known) return;
      known = now;
      changed();
    });
  };
  const folders = new Set(paths.map((path) => (isFolder(path) ? path : dirname(path))));
  const watchers = [...folders].flatMap((folder): FSWatcher[] => {
    const failed = (error: unknown): void =>
      logger.warn(`${what} not watched`, { folder, reason: messageOf(error) });
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

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function stateOf(files: readonly string[]): string {
  return files
    .map((file) => {
      const stats = statSync(file, { throwIfNoEntry: false });
      return stats ? `${file} ${stats.ino} ${stats.size} ${stats.mtimeMs}` : `${file} missing`;
    })
    .join('\n');
}
