import { type FSWatcher, statSync, watch } from 'node:fs';
import { dirname } from 'node:path';
import { type Clock, type Logger, type Timer, messageOf } from '@esinet/kernel';
import { listPolicyFiles } from '@esinet/policy';

/**
 * Tells when policy files have come, gone or changed and then were left alone for a while. Folders are looked at, as
 * editors and orchestrators put a new file in the place of the old one. Ends when the function it gives is called.
 */
export function watchPolicies(
  paths: readonly string[],
  o: { readonly debounceMs: number; readonly clock: Clock; readonly logger: Logger },
  changed: () => void,
): () => void {
  let known = stateOf(paths);
  let timer: Timer | undefined;
  const settle = (): void => {
    timer?.cancel();
    timer = o.clock.after(o.debounceMs, () => {
      const now = stateOf(paths);
      if (now === known) return;
      known = now;
      changed();
    });
  };
  const folders = new Set(paths.map((path) => (isFolder(path) ? path : dirname(path))));
  const watchers = [...folders].flatMap((folder): FSWatcher[] => {
    const failed = (error: unknown): void =>
      o.logger.warn('policy files not watched', { folder, reason: messageOf(error) });
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

function stateOf(paths: readonly string[]): string {
  return listPolicyFiles(paths, [])
    .map((file) => {
      const stats = statSync(file, { throwIfNoEntry: false });
      return stats ? `${file} ${stats.ino} ${stats.size} ${stats.mtimeMs}` : `${file} missing`;
    })
    .join('\n');
}
