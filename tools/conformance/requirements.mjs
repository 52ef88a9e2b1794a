import { readFileSync } from 'node:fs';

const strengths = ['shall', 'should', 'may', 'defines', 'table'];

/**
 * The requirements of a document, as rows in reading order. `strength` is the verb of the text: `shall`, `should`,
 * `may`; `defines` and `table` are what it states without a verb, by a form, a value or a line of a table. Of a document
 * that is `complete`, each row has a test that passed or says in `undone` why there is none.
 */
export function readRequirements(path) {
  const catalogue = JSON.parse(readFileSync(path, 'utf8'));
  const { clauses, prefix = '' } = catalogue;
  const seen = new Set();
  for (const { clause, requirements } of clauses) {
    requirements.forEach(({ id, strength, text }, i) => {
      if (id !== `${prefix}${clause}-${i + 1}`)
        throw new Error(`${path}: ${id} stands where ${prefix}${clause}-${i + 1} belongs`);
      if (seen.has(id)) throw new Error(`${path}: ${id} stands there twice`);
      if (!strengths.includes(strength)) throw new Error(`${path}: ${id}: strength ${strength}`);
      if (!text) throw new Error(`${path}: ${id} says nothing`);
      seen.add(id);
    });
  }
  return { ...catalogue, rows: clauses.flatMap(({ requirements }) => requirements) };
}
