#!/usr/bin/env node
// Writes docs/conformance.md from the results of a test run: requirement → tests → verdict, clause → tests → verdict.
//   npm test -- --reporter=default --reporter=json --outputFile.json=/tmp/results.json
//   node tools/conformance.mjs /tmp/results.json
// --count prints the totals. --check writes nothing and fails where a test names a requirement that there is not, or
// docs/conformance.md lacks a requirement, or an operation of LoST or HELD, or a requirement of the hand-over that is not
// marked as not done, has no test that passed. --requirements FILE (again for more), --operations FILE and --out FILE take
// the place of the repository's own.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { clauseTables } from './conformance/clause-tables.mjs';
import { operationTables, readOperations, unmetOperations } from './conformance/operation-tables.mjs';
import { missingRows, requirementTables, unmetRows } from './conformance/requirement-tables.mjs';
import { readRequirements } from './conformance/requirements.mjs';
import { readTests, unknownIds } from './conformance/results.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    count: { type: 'boolean' },
    check: { type: 'boolean' },
    requirements: {
      type: 'string',
      multiple: true,
      default: ['ts-103-698.json', 'ts-103-707.json'].map((name) => join(root, 'tools/conformance', name)),
    },
    operations: { type: 'string', default: join(root, 'tools/conformance/location-services.json') },
    out: { type: 'string', default: join(root, 'docs/conformance.md') },
  },
});
const fail = (status, lines) => {
  process.stderr.write(`${lines.join('\n')}\n`);
  process.exit(status);
};
const [file] = positionals;
if (!file) fail(2, ['usage: node tools/conformance.mjs RESULTS.json [--count | --check]']);

const results = JSON.parse(readFileSync(file, 'utf8'));
if (values.count) {
  const { numPassedTests, numFailedTests, numPendingTests } = results;
  process.stdout.write(`${numPassedTests} passed, ${numFailedTests} failed, ${numPendingTests} skipped\n`);
  process.exit(0);
}

const catalogues = values.requirements.map(readRequirements);
const rows = catalogues.flatMap((catalogue) => catalogue.rows);
const operations = readOperations(values.operations);
const tests = readTests(results, root);
const unknown = unknownIds(tests, rows);
if (unknown.length > 0) fail(1, ['Tests name requirements that there are not:', ...unknown]);

if (values.check) {
  const missing = missingRows({ rows }, readFileSync(values.out, 'utf8'));
  if (missing.length > 0) fail(1, [`${values.out} is not up to date: ${missing.join(', ')}`]);
  const unmet = [
    ...catalogues.flatMap((catalogue) => unmetRows(catalogue, tests)),
    ...unmetOperations(operations, tests),
  ];
  if (unmet.length > 0) fail(1, ['Without a test that passed:', ...unmet]);
  process.exit(0);
}

const lines = [
  '# Conformance',
  '',
  'Made by `tools/conformance.mjs` from the clauses and requirements that the tests name.',
  '',
  ...catalogues.flatMap((catalogue) => requirementTables(catalogue, tests)),
  ...operationTables(operations, tests),
  '# Every clause that a test names',
  '',
  'A clause that is not here has no test that names it.',
  '',
  ...clauseTables(tests),
];
writeFileSync(values.out, lines.join('\n'));
const tested = new Set(tests.flatMap(({ shall }) => shall)).size;
process.stdout.write(`${values.out}: ${rows.length} requirements, ${tested} of them tested\n`);
