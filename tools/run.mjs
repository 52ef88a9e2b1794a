#!/usr/bin/env node
// Does what has to be done before a command can run, on a fresh machine too: installs when the lock file is newer than
// what is installed, builds what changed, then runs. Plain JavaScript without dependencies, since it runs before there are any.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const [command = 'start', ...args] = process.argv.slice(2);
const say = (text) => process.stderr.write(`${text}\n`);

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  say(`ESInet needs Node 20.19 or newer; this is ${process.versions.node}.`);
  process.exit(1);
}

function run(what, program, programArgs) {
  const started = Date.now();
  const result = spawnSync(program, programArgs, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  if (result.status !== 0) {
    say(`${what} failed${result.error ? `: ${result.error.message}` : ''}.`);
    process.exit(result.status ?? 1);
  }
  return ((Date.now() - started) / 1000).toFixed(0);
}

function install() {
  const installed = join(root, 'node_modules', '.package-lock.json');
  const lock = join(root, 'package-lock.json');
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs - 1000) return;
  say('Installing packages (npm ci, about half a minute) …');
  const seconds = run('npm ci', 'npm', ['ci', '--no-fund', '--no-audit', '--loglevel=error']);
  say(`Installed in ${seconds} s.`);
}

function build() {
  if (!existsSync(join(root, 'apps/esinet/dist/main.js'))) say('Building (about 15 s the first time) …');
  run('The build', process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b']);
}

/** Hands the terminal over: signals reach the child, whose exit code becomes ours. */
function become(programArgs, env = {}) {
  const child = spawn(process.execPath, programArgs, {
    cwd: process.env.INIT_CWD ?? process.cwd(),
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(signal ? 128 + 15 : (code ?? 1)));
}

const cluster = join(root, 'tools/cluster/dist/main.js');
const esinet = join(root, 'apps/esinet/dist/main.js');
const commands = {
  start: () => become([esinet, 'up', ...args]),
  esinet: () => become([esinet, ...args]),
  roaming: () => become([esinet, 'roaming', ...args]),
  bench: () => become([join(root, 'tools/bench/dist/main.js'), ...args]),
  fuzz: () => become([join(root, 'tools/fuzz/dist/main.js'), ...args]),
  cluster: () => become([cluster, 'cluster', ...args]),
  chaos: () => become([cluster, 'chaos', ...args]),
  test: () => become([join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--root', root, ...args]),
};

const chosen = commands[command];
if (!chosen) {
  say(`Unknown command ${command}: one of ${Object.keys(commands).join(', ')}.`);
  process.exit(2);
}
install();
// Tests build by themselves, whoever starts them: tools/specs/build-first.mjs.
if (command !== 'test') build();
chosen();
