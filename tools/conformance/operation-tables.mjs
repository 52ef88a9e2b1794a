import { readFileSync } from 'node:fs';
import { verdictOf, where } from './requirement-tables.mjs';

/** The operations of LoST, HELD and location by presence: `[clause, who, what]`, in groups by document. */
export function readOperations(path) {
  const { title, groups } = JSON.parse(readFileSync(path, 'utf8'));
  const seen = new Set();
  for (const { document, rows } of groups) {
    for (const [clause, who, text] of rows) {
      if (!clause.startsWith(`${document} `)) throw new Error(`${path}: ${clause} stands under ${document}`);
      if (seen.has(clause)) throw new Error(`${path}: ${clause} stands there twice`);
      if (!who || !text) throw new Error(`${path}: ${clause} says nothing`);
      seen.add(clause);
    }
  }
  return { title, groups, clauses: [...seen] };
}

/** The tests of a clause are those that name it, or a part of it. */
export function testsOf(clause, tests) {
  return tests.filter(({ clauses }) =>
    clauses.some((named) => named === clause || named.startsWith(`${clause}.`)),
  );
}

/** Operations without a test that passed, or with one that failed. */
export function unmetOperations({ clauses }, tests) {
  return clauses.filter((clause) => verdictOf(testsOf(clause, tests)) !== 'met');
}

/** The part of docs/conformance.md that has a row for each operation. */
export function operationTables({ title, groups, clauses }, tests) {
  const unmet = unmetOperations({ clauses }, tests);
  const lines = [
    `## ${title}`,
    '',
    'A row is met by the tests that name its clause or a part of it. How ambiguous places are read stands in ADR [0010](adr/0010-lost-held-readings.md).',
    '',
    unmet.length === 0
      ? `Each of the ${clauses.length} rows has a test that passed.`
      : `Without a test that passed: ${unmet.join(', ')}.`,
    '',
  ];
  for (const { document, title: name, rows } of groups) {
    lines.push(
      `### ${document} ${name}`,
      '',
      '| clause | who | what | verdict | tests |',
      '|---|---|---|---|---|',
    );
    for (const [clause, who, text] of rows) {
      const found = testsOf(clause, tests);
      const verdict = verdictOf(found);
      lines.push(
        `| ${clause.slice(document.length + 1)} | ${who} | ${text} | ${verdict === 'met' ? 'met' : `**${verdict}**`} | ${where(found, 1)} |`,
      );
    }
    lines.push('');
  }
  return lines;
}
