import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const generator = fileURLToPath(new URL('../../../tools/conformance.mjs', import.meta.url));

let folder: string;
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'conformance-'))));
afterEach(() => rm(folder, { recursive: true, force: true }));

interface Outcome {
  readonly status: number;
  readonly errors: string;
  readonly table: string;
}

const catalogue = {
  document: 'TS 103 698',
  version: 'V1.1.1',
  clauses: [
    {
      clause: '6.9',
      title: 'Made up',
      requirements: [
        { id: '6.9-1', who: ['APP'], strength: 'shall', text: 'Says A | B.' },
        { id: '6.9-2', who: ['PSAP', 'BCF'], strength: 'may', text: 'Says C.', note: 'Read as D.' },
        { id: '6.9-3', who: ['any'], strength: 'shall', text: 'Says E.' },
      ],
    },
  ],
};

const operations = {
  title: 'Operations',
  groups: [{ document: 'RFC 9999', title: 'Made up', rows: [['RFC 9999 1', 'ECRF', 'Answers.']] }],
};

const test = (fullName: string, status: string, shall?: string | string[], file = 'a.spec.ts') => ({
  name: fileURLToPath(new URL(`../../../${file}`, import.meta.url)),
  assertionResults: [{ fullName, status, meta: { ...(shall && { shall }), clause: 'RFC 9999 1' } }],
});

async function generate(results: object[], rows: object = catalogue, ...options: string[]): Promise<Outcome> {
  const [from, requirements, operated, out] = [
    'results.json',
    'rows.json',
    'operations.json',
    'table.md',
  ].map((n) => join(folder, n));
  await writeFile(from ?? '', JSON.stringify({ testResults: results, numPassedTests: results.length }));
  await writeFile(requirements ?? '', JSON.stringify(rows));
  await writeFile(operated ?? '', JSON.stringify(operations));
  const files = ['--requirements', requirements ?? '', '--operations', operated ?? '', '--out', out ?? ''];
  const args = [generator, from ?? '', ...files, ...options];
  const ran = await new Promise<{ status: number; errors: string }>((resolve) => {
    execFile(process.execPath, args, (error, _, errors) =>
      resolve({ status: error ? Number(error.code ?? 1) : 0, errors }),
    );
  });
  return { ...ran, table: await readFile(out ?? '', 'utf8').catch(() => '') };
}

const rowOf = (table: string, id: string) => table.split('\n').find((line) => line.startsWith(`| ${id} `));

describe('the conformance table', () => {
  it('gives each requirement its verdict and its tests, and names those without', async () => {
    const { status, table } = await generate([
      test('does | A', 'passed', '6.9-1'),
      test('does A again', 'failed', ['6.9-1', '6.9-2'], 'b.spec.ts'),
      test('does C', 'passed', '6.9-2'),
      test('something else', 'passed'),
    ]);
    expect(status).toBe(0);
    expect(rowOf(table, '6.9-1')).toBe(
      '| 6.9-1 | APP | shall | Says A \\| B. | **failed** | `a.spec.ts`: does \\| A<br>`b.spec.ts`: does A again |',
    );
    expect(rowOf(table, '6.9-2')).toContain('| PSAP, BCF | may | Says C. _Read as D._ | **failed** |');
    expect(rowOf(table, '6.9-3')).toBe('| 6.9-3 | any | shall | Says E. | **no test** |  |');
    expect(table).toContain('- 6.9-3 (shall, no test): Says E.');
    expect(table).toContain('| RFC 9999 1 | 3 passed, **1 failed** |');
  });

  it('does not take a skipped test for a verdict', async () => {
    const { table } = await generate([test('skipped', 'pending', '6.9-1'), test('ran', 'passed', '6.9-3')]);
    expect(rowOf(table, '6.9-1')).toContain('| skipped |');
    expect(rowOf(table, '6.9-3')).toContain('| met |');
    expect(table).toContain('- 6.9-1 (shall, skipped): ');
  });

  it('is not made where a test names a requirement that there is not', async () => {
    const { status, errors, table } = await generate([test('is wrong', 'passed', '6.9-4')]);
    expect(status).toBe(1);
    expect(errors).toContain('6.9-4: a.spec.ts: is wrong');
    expect(table).toBe('');
  });

  it('is not made of rows out of order', async () => {
    const [clause] = catalogue.clauses;
    const rows = { ...catalogue, clauses: [{ ...clause, requirements: clause?.requirements.toReversed() }] };
    const { status, errors } = await generate([], rows);
    expect(status).not.toBe(0);
    expect(errors).toContain('6.9-3 stands where 6.9-1 belongs');
  });

  it('is seen to be old when a requirement changed, whatever the tests say', async () => {
    await generate([test('does A', 'passed', '6.9-1')]);
    expect((await generate([test('does B', 'passed')], catalogue, '--check')).status).toBe(0);
    const changed = JSON.parse(JSON.stringify(catalogue).replace('Says E.', 'Says F.')) as object;
    const { status, errors } = await generate([], changed, '--check');
    expect(status).toBe(1);
    expect(errors).toContain('6.9-3');
  });

  it('of a complete document has a test for each requirement, or the reason why there is none', async () => {
    const requirements = [
      { id: 'x:1-1', who: ['CSP'], strength: 'shall', text: 'Says A.', edition: 'V2' },
      { id: 'x:1-2', who: ['CSP'], strength: 'may', text: 'Says B.', undone: 'Nobody asked.' },
    ];
    const clauses = [{ clause: '1', title: 'Made up', requirements }];
    const rows = { ...catalogue, prefix: 'x:', complete: true, intro: 'All of it.', clauses };
    const { table } = await generate([test('does A', 'passed', 'x:1-1')], rows);
    expect(rowOf(table, 'x:1-1')).toContain('| Says A. _V2 only._ | met |');
    expect(rowOf(table, 'x:1-2')).toContain('| Says B. _Not done: Nobody asked._ | **not done** |');
    expect((await generate([test('does A', 'passed', 'x:1-1')], rows, '--check')).errors).toBe('');
    const { status, errors } = await generate([test('does B', 'passed')], rows, '--check');
    expect([status, errors.includes('x:1-1'), errors.includes('x:1-2')]).toEqual([1, true, false]);
  });

  it('has a row for each operation of LoST and HELD, each of which needs a test that passed', async () => {
    const { table } = await generate([test('does A', 'passed', '6.9-1')]);
    expect(table).toContain('Each of the 1 rows has a test that passed.');
    expect(rowOf(table, '1')).toBe('| 1 | ECRF | Answers. | met | `a.spec.ts`: does A |');
    expect((await generate([test('does A', 'passed')], catalogue, '--check')).errors).toBe('');
    const { status, errors } = await generate([test('does A', 'failed')], catalogue, '--check');
    expect(status).toBe(1);
    expect(errors).toContain('RFC 9999 1');
  });
});
