// Specs run against what the build made. Where a source is newer it is made again, so that nobody tests yesterday's.
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

/** Called by vitest before anything else. @throws where the sources do not compile; tsc has said why */
export default function setup() {
  const { references } = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8'));
  if (references.every(({ path }) => isBuilt(join(root, path)))) return;
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const { status } = spawnSync(process.execPath, [tsc, '-b'], { cwd: root, stdio: 'inherit' });
  if (status !== 0) throw new Error('the build failed');
}

function isBuilt(project) {
  const made = changed(join(project, 'dist/.tsbuildinfo'));
  return readdirSync(join(project, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.spec.ts'))
    .every((file) => changed(join(project, 'src', file)) <= made);
}

/** Milliseconds; 0 where there is none. */
function changed(file) {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
