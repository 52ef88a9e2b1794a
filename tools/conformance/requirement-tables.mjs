const shownPerFile = 3;

/** What is said above the rows of TS 103 698. */
const lmpeIntro =
  'Every requirement of clauses 5 and 6 and of Annex A of TS 103 698 V1.1.1, in our words; "defines" and "table" are what the text states without a verb. How ambiguous places are read stands in ADR [0009](adr/0009-lmpe-readings.md) and, for transfers, [0011](adr/0011-one-owner.md).';

/** A requirement is met by tests that passed, unless one of them failed. */
export function verdictOf(tests) {
  if (tests.some(({ verdict }) => verdict === 'failed')) return 'failed';
  if (tests.some(({ verdict }) => verdict === 'passed')) return 'met';
  return tests.length > 0 ? 'skipped' : 'no test';
}

/** The part of docs/conformance.md that goes clause by clause, a row for each requirement. */
export function requirementTables({ document, clauses, rows, intro = lmpeIntro }, tests) {
  const byId = testsById(rows, tests);
  const verdict = (row) => verdictOfRow(row, byId);
  const lines = [
    `## ${document}, clause by clause`,
    '',
    intro,
    '',
    ...summary(rows, verdict),
    ...untested(rows, verdict),
  ];
  for (const { clause, title, requirements } of clauses) {
    lines.push(`### ${clause} ${title}`, '', '| id | who | strength | requirement | verdict | tests |');
    lines.push('|---|---|---|---|---|---|');
    for (const row of requirements) {
      const cells = [cell(row), mark(verdict(row)), where(byId.get(row.id))];
      lines.push(`${cells[0]} ${cells[1]} | ${cells[2]} |`);
    }
    lines.push('');
  }
  return lines;
}

/** Rows of a complete document that have no test that passed and do not say why. */
export function unmetRows({ rows, complete }, tests) {
  if (!complete) return [];
  const byId = testsById(rows, tests);
  return rows.filter((row) => !['met', 'not done'].includes(verdictOfRow(row, byId))).map(({ id }) => id);
}

function testsById(rows, tests) {
  const byId = new Map(rows.map(({ id }) => [id, []]));
  for (const test of tests) for (const id of test.shall) byId.get(id)?.push(test);
  return byId;
}

function verdictOfRow({ id, undone }, byId) {
  return undone ? 'not done' : verdictOf(byId.get(id));
}

/** What of a row does not depend on a test run. */
function cell({ id, who, strength, text, note, edition, undone }) {
  const more = [edition && `${edition} only.`, note, undone && `Not done: ${undone}`]
    .filter(Boolean)
    .join(' ');
  return `| ${id} | ${who.join(', ')} | ${strength} | ${escaped(more ? `${text} _${more}_` : text)} |`;
}

/** Rows of the catalogue that the text of docs/conformance.md does not have as they are now. */
export function missingRows({ rows }, text) {
  const lines = text.split('\n');
  const starts = new Map(lines.map((line) => [line.split(' | ')[0], line]));
  return rows.filter((row) => !starts.get(`| ${row.id}`)?.startsWith(cell(row))).map(({ id }) => id);
}

function summary(rows, verdict) {
  const strengths = [...new Set(rows.map(({ strength }) => strength))];
  const kinds = ['met', 'failed', 'skipped', 'no test'];
  if (rows.some(({ undone }) => undone)) kinds.push('not done');
  const lines = [`| strength | rows | ${kinds.join(' | ')} |`, `|---|---|${'---|'.repeat(kinds.length)}`];
  for (const strength of strengths) {
    const of = rows.filter((row) => row.strength === strength);
    const counts = kinds.map((kind) => of.filter((row) => verdict(row) === kind).length || '');
    lines.push(`| ${strength} | ${of.length} | ${counts.join(' | ')} |`);
  }
  return [...lines, ''];
}

function untested(rows, verdict) {
  const without = rows.filter((row) => verdict(row) !== 'met');
  if (without.length === 0) return ['Every row has a test that passed.', ''];
  const lines = ['Without a test that passed:', ''];
  for (const row of without) {
    lines.push(`- ${row.id} (${row.strength}, ${verdict(row)}): ${escaped(row.undone ?? row.text)}`);
  }
  return [...lines, ''];
}

function mark(verdict) {
  return verdict === 'met' || verdict === 'skipped' ? verdict : `**${verdict}**`;
}

/** The files of tests, each with the titles of the first few. */
export function where(tests, most = shownPerFile) {
  const files = new Map();
  for (const { file, title } of tests) files.set(file, (files.get(file) ?? new Set()).add(title));
  return [...files]
    .map(([file, titles]) => {
      const shown = [...titles].slice(0, most).map(escaped).join('; ');
      const more = titles.size > most ? `; and ${titles.size - most} more` : '';
      return `\`${file}\`: ${shown}${more}`;
    })
    .join('<br>');
}

function escaped(text) {
  return text.replace(/[\\|<>]/g, (c) => `\\${c}`).replace(/\s+/g, ' ');
}
