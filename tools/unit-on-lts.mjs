#!/usr/bin/env node
// Runs the unit tests of the libraries on the LTS line of Node that the image has. That Node comes from npm, into a cache
// outside of the repository: in our package.json its `node` would take the place of the machine's in node_modules/.bin.
//
//   node tools/unit-on-lts.mjs                 the libraries, without what starts programs
//   node tools/unit-on-lts.mjs libs/sip        likewise, of these folders only
//   node tools/unit-on-lts.mjs --version       only says which Node it is
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
/** The line that deploy/docker/Dockerfile builds on. */
const line = /node:(\d+)/.exec(readFileSync(join(root, 'deploy/docker/Dockerfile'), 'utf8'))?.[1];
if (line === undefined) fail('deploy/docker/Dockerfile names no node:NN');

const node = nodeOfLine();
const [version, lts] = spawnSync(node, ['-p', 'process.version + " " + process.release.lts'], {
  encoding: 'utf8',
})
  .stdout.trim()
  .split(' ');
if (!version.startsWith(`v${line}.`)) fail(`${node} is ${version}, expected v${line}`);
if (lts === 'undefined') fail(`${version} is no LTS release`);
process.stdout.write(`Node ${version} (${lts}), ${node}\n`);
const args = process.argv.slice(2);
if (args.includes('--version')) process.exit(0);

const vitest = join(root, 'node_modules/vitest/vitest.mjs');
const files = args.length > 0 ? args.flatMap((under) => specs(join(root, under))) : specs(join(root, 'libs'));
process.stdout.write(`${files.length} files of tests\n`);
const ran = spawnSync(node, [vitest, 'run', '--reporter=dot', ...files], { cwd: root, stdio: 'inherit' });
process.exit(ran.status ?? 1);

/** Files of unit tests: those that start no program, and no server of others. */
function specs(folder) {
  const programs = /requireProgram|startProgram|child_process|natsServer|redisServer|postgresServer/;
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.spec.ts') && !file.includes('node_modules'))
    .map((file) => join(folder, file))
    .filter((file) => !programs.test(readFileSync(file, 'utf8')));
}

/** The newest of the line that npm has. What was fetched once serves on. */
function nodeOfLine() {
  const name = { linux: 'linux', darwin: 'darwin' }[process.platform];
  if (name === undefined) fail(`no Node for ${process.platform} is known to this script`);
  const folder = join(homedir(), '.cache/esinet', `node-${line}`);
  const file = join(folder, 'node_modules', `node-${name}-${process.arch}`, 'bin/node');
  if (existsSync(file)) return file;
  mkdirSync(folder, { recursive: true });
  // The package `node` fetches one of these by a script of its own; here no script runs.
  const fetched = spawnSync(
    'npm',
    [
      'install',
      '--prefix',
      folder,
      '--no-save',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      '--loglevel=error',
      `node-${name}-${process.arch}@${line}`,
    ],
    { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] },
  );
  if (fetched.status !== 0 || !existsSync(file)) fail(`npm has no node-${name}-${process.arch}@${line}`);
  return file;
}

function fail(sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
}
