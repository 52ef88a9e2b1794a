import { relative } from 'node:path';

/** The tests of a vitest run with `--reporter=json`, by file: title, verdict and what they say they verify. */
export function readTests({ testResults }, root) {
  const byFile = testResults.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  return byFile.flatMap(({ name, assertionResults }) =>
    assertionResults.map(({ fullName, status, meta }) => ({
      file: relative(root, name),
      title: fullName.trim(),
      verdict: status === 'passed' || status === 'failed' ? status : 'skipped',
      clauses: [meta?.clause ?? []].flat(),
      shall: [meta?.shall ?? []].flat(),
    })),
  );
}

/** Identifiers that a test names and no requirement has, each with the tests that name it. */
export function unknownIds(tests, rows) {
  const known = new Set(rows.map(({ id }) => id));
  return tests.flatMap(({ file, title, shall }) =>
    shall.filter((id) => !known.has(id)).map((id) => `${id}: ${file}: ${title}`),
  );
}
