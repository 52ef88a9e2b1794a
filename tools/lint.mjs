#!/usr/bin/env node
// Lints everything with two processes, which is four times cheaper than one process a project: types are read once.
// The rule of who may import whom needs the graph of the projects, which nx makes and keeps; without it the rule would
// pass in silence, so its complaint is an error here.
import { spawn, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const bin = (name) => join(root, 'node_modules', '.bin', name);
const graph = spawnSync(bin('nx'), ['show', 'projects'], { cwd: root, encoding: 'utf8' });
if (graph.status !== 0) {
  process.stderr.write(`${graph.stdout}${graph.stderr}nx cannot read the projects.\n`);
  process.exit(1);
}

const libraries = readdirSync(join(root, 'libs'))
  .filter((name) => name !== 'elements')
  .map((name) => `libs/${name}`);

/** Of about the same weight. */
const halves = [
  ['libs/elements', 'apps', 'deploy', 'vitest.config.ts'],
  [...libraries, 'test', 'tools'],
];
const lint = (paths) =>
  new Promise((resolve) => {
    const child = spawn(bin('eslint'), paths, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    child.on('close', (code) => resolve({ code, output }));
  });
const results = await Promise.all(halves.map(lint));
for (const { output } of results) process.stdout.write(output);
if (results.some(({ output }) => output.includes('No cached ProjectGraph'))) {
  process.stderr.write('The graph of the projects was not found, so nobody looked at who imports whom.\n');
  process.exit(1);
}
process.exit(results.every(({ code }) => code === 0) ? 0 : 1);
