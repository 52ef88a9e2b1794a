/** The part of docs/conformance.md that lists every clause a test names, by document. */
export function clauseTables(tests) {
  const clauses = new Map();
  for (const test of tests) {
    for (const clause of test.clauses) {
      const row = clauses.get(clause) ?? { passed: 0, failed: 0, skipped: 0, files: new Set() };
      row[test.verdict] += 1;
      row.files.add(test.file);
      clauses.set(clause, row);
    }
  }
  const lines = [];
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
  return lines;
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
