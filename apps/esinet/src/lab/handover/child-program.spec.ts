import { existsSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManualClock, silentLogger } from '@esinet/kernel';
import { expect, it, onTestFinished, vi } from 'vitest';
import { ChildProgram } from './child-program.js';
import { labMasterKey, labTokens } from './lab-people.js';

function folderOf(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `esinet-${name}-`));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

it('a program that ends by itself is started again after a while, until it is told to end', async () => {
  const folder = folderOf('child');
  const file = join(folder, 'program.mjs');
  const starts = join(folder, 'starts');
  // The first time it ends at once; then it stays until it is told.
  writeFileSync(
    file,
    `import { appendFileSync, readFileSync } from 'node:fs';
     appendFileSync(process.argv[2], 'x');
     if (readFileSync(process.argv[2], 'utf8') === 'x') process.exit(3);
     process.on('SIGTERM', () => { appendFileSync(process.argv[2], '.'); process.exit(0); });
     setInterval(() => {}, 1000);
     process.on('disconnect', () => process.exit(1));`,
  );
  const clock = new ManualClock();
  const output = openSync(join(folder, 'log'), 'a');
  const program = new ChildProgram({ name: 'p', file, args: [starts], output, logger: silentLogger, clock });
  expect(await program.ended()).toBe('exit code 3');
  expect(readFileSync(starts, 'utf8')).toBe('x');
  clock.advance(1_000);
  await vi.waitUntil(() => readFileSync(starts, 'utf8') === 'xx', { timeout: 10_000 });
  // Its handler is there a moment later.
  await vi.waitUntil(async () => {
    await program.close();
    return true;
  });
  expect(readFileSync(starts, 'utf8')).toMatch(/^xx\.?$/);
  clock.advance(60_000);
  expect(clock.waiting).toBe(0);
});

it('tokens and the master key of the lab are made once, for their owner only', async () => {
  const folder = join(folderOf('people'), 'handover');
  const tokens = await labTokens(folder);
  expect(new Set(Object.values(tokens)).size).toBe(6);
  expect(await labTokens(folder)).toEqual(tokens);
  const file = join(folder, 'people.json');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  writeFileSync(file, JSON.stringify({ ...tokens, clerk: '' }));
  expect((await labTokens(folder)).admin).toBe(tokens.admin);
  writeFileSync(file, 'not');
  await expect(labTokens(folder)).rejects.toThrow('people.json');
  const key = await labMasterKey(folder);
  expect(existsSync(key) && readFileSync(await labMasterKey(folder), 'utf8')).toMatch(/^[0-9a-f]{64}\n$/);
});
