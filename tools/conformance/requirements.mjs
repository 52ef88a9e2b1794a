import { readFileSync } from 'node:fs';

const strengths = ['shall', 'should', 'may', 'defines', 'table'];

/**
 * The requirements of a document, as rows in reading order. `strength` is the verb of the text: `shall`, `should`,
 * `may`; `defines` and `table` are what it states without a verb, by a form, a value or a line of a table.
 */
export function readRequirements(path) {
  const { document, version, clauses } = JSON.parse(readFileSync(path, 'utf8'));
  const seen = new Set();
  for (const { clause, requirements } of clauses) {
    requirements.forEach(({ id, strength, text }, i) => {
      if (id !== `${clause}-${i + 1}`)
        throw new Error(`${path}: ${id} stands where ${clause}-${i + 1} belongs`);
      if (seen.has(id)) throw new Error(`${path}: ${id} stands there twice`);
      if (!strengths.includes(strength)) throw new Error(`${path}: ${id}: strength ${strength}`);
      if (!text) throw new Error(`${path}: ${id} says nothing`);
      seen.add(id);
    });
  }
  return { document, version, clauses, rows: clauses.flatMap(({ requirements }) => requirements) };
}
