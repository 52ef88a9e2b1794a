#!/usr/bin/env node
// Writes docs/conformance.md from the results of a test run: clause → tests → verdict.
//   npm test -- --reporter=default --reporter=json --outputFile.json=/tmp/results.json
//   node tools/conformance.mjs /tmp/results.json
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const [file, mode] = process.argv.slice(2);
if (!file) {
  process.stderr.write('usage: node tools/conformance.mjs RESULTS.json [--count]\n');
  process.exit(2);
}

const { testResults, numPassedTests, numFailedTests, numPendingTests } = JSON.parse(
  readFileSync(file, 'utf8'),
);
if (mode === '--count') {
  process.stdout.write(`${numPassedTests} passed, ${numFailedTests} failed, ${numPendingTests} skipped\n`);
  process.exit(0);
}
const clauses = new Map();
for (const { name, assertionResults } of testResults) {
  for (const test of assertionResults) {
    for (const clause of [test.meta?.clause ?? []].flat()) {
      const row = clauses.get(clause) ?? { passed: 0, failed: 0, skipped: 0, files: new Set() };
      row[test.status === 'passed' ? 'passed' : test.status === 'failed' ? 'failed' : 'skipped'] += 1;
      row.files.add(relative(root, name));
      clauses.set(clause, row);
    }
  }
}

/** `RFC 3261 17.1.2` sorts by document, then by the numbers of the clause. */
function order(a, b) {
  const parts = (text) =>
    text.split(/[\s.]+/).map((part) => (/^\d+$/.test(part) ? part.padStart(6, '0') : part));
  const [left, right] = [parts(a).join(' '), parts(b).join(' ')];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** `RFC 3261`, `TS 103 698`: what a clause is a clause of. */
function documentOf(clause) {
  return /^(RFC \d+|TS \d+ \d+)/.exec(clause)?.[1] ?? 'other rules';
}

const lines = [
  '# Conformance',
  '',
  'Made by `tools/conformance.mjs` from the clauses that the tests name. A clause that is not here has no test that names it.',
  '',
];
let last = '';
const sorted = [...clauses.keys()].sort(order);
for (const [index, clause] of sorted.entries()) {
  const document = documentOf(clause);
  if (document !== last)
    lines.push(`## ${document}`, '', '| clause | tests | skipped | where |', '|---|---|---|---|');
  last = document;
  const { passed, failed, skipped, files } = clauses.get(clause);
  const verdict = failed ? `${passed} passed, **${failed} failed**` : `${passed} passed`;
  const where = [...files].map((path) => `\`${path}\``).join(' ');
  lines.push(`| ${clause} | ${verdict} | ${skipped || ''} | ${where} |`);
  const next = sorted[index + 1];
  if (next === undefined || documentOf(next) !== document) lines.push('');
}
writeFileSync(join(root, 'docs/conformance.md'), lines.join('\n'));
process.stdout.write(`docs/conformance.md: ${clauses.size} clauses\n`);
