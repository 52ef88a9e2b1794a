import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bcfConfigSchema } from '@esinet/element-bcf';
import { readConfig } from '@esinet/platform';
import { z } from 'zod';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Typed, run as runIn, typed } from '../e2e/built-program.js';

/** Portugal is 1,000 above. */
const offset = 700;
const spain = ['--port-offset', String(offset)];
const portugal = ['--port-offset', String(offset + 1_000)];
const lisboa = '38.7223,-9.1393';
const meta = { clause: 'TS 103 698 D.2' };
const timeout = 180_000;

let folder: string;
let lab: Typed;
const run = (args: readonly string[]) => runIn(folder, args);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'esinet-roaming-'));
  lab = typed(folder, ['roaming', '--trace', ...spain]);
  await lab.says('Ready');
}, 60_000);
afterAll(async () => {
  lab.child.kill('SIGINT');
  expect((await lab.ended).code).toBe(0);
  await rm(folder, { recursive: true, force: true });
}, 60_000);

it('esinet roaming says what to try, and it works as it says', { meta, timeout }, async () => {
  const commands = lab
    .said()
    .split('\n')
    .flatMap((line) => line.trim().match(/^npx esinet ((?:chat|where) .*)$/)?.[1] ?? []);
  expect(commands).toHaveLength(7);
  const said: string[] = [];
  for (const command of commands) {
    const words = command.match(/"[^"]*"|\S+/g)?.map((word) => word.replaceAll('"', '')) ?? [];
    const { code, out } = await run(words);
    expect(code, command).toBe(0);
    said.push(out);
  }
  expect(said[0]).toContain('You have reached 112 Madrid');
  expect(said[1]).toContain('112 Sul (lab) has received: I am on the bridge');
  expect(said[2]).toContain('You have reached 112 Norte');
  expect(said[3]).toContain('You have reached 112 Catalunya');
  expect(said[4]).toContain('ecrf.esinet.lab → fg.lab → ecrf.portugal.lab');
  expect(said[5]).toContain('redirect to ecrf.portugal.lab');
  expect(said[6]).toContain('112 Sul');
});

it(
  'esinet roaming --trace tells the road of a message, and nothing else of it',
  { meta, timeout },
  async () => {
    const { code } = await run([
      'chat',
      '--at',
      lisboa,
      '--via',
      'ws',
      '--as',
      'caller2',
      ...spain,
      'a secret',
    ]);
    expect(code).toBe(0);
    const first = 'app → provider spain → bcf spain → esrp spain → bcf spain → bcf portugal → psap portugal';
    await lab.says(`start     ${first}`);
    await lab.says('start     psap portugal → bcf portugal → bcf spain → provider spain → app');
    await lab.says('stop      app → provider spain → bcf spain → bcf portugal → psap portugal');
    const [, roads = ''] = lab.said().split('Ctrl-C stops it.');
    expect(roads).not.toMatch(/secret|caller2|38\.72/);
  },
);

it('esinet chat --held goes where the LIS of the home says', { meta, timeout }, async () => {
  const { out } = await run(['chat', '--held', '--via', 'ws', '--as', 'caller8', ...spain, 'help']);
  expect(out).toContain('You have reached 112 Norte');
});

it("esinet where says that a place is nobody's", { meta, timeout }, async () => {
  for (const site of [spain, portugal]) {
    const { code, out } = await run(['where', '48.8566,2.3522', ...site]);
    expect(out).toContain('notFound');
    expect(code).toBe(1);
  }
});

it('the configuration files are what each side needs to run alone', { meta, timeout }, async () => {
  for (const site of ['spain', 'portugal']) {
    const file = join('data', 'roaming', `${site}.yaml`);
    expect((await run(['config', 'check', '--config', file])).code).toBe(0);
    const text = await readFile(join(folder, file), 'utf8');
    const read = readConfig(z.looseObject({ bcf: bcfConfigSchema }), text, file);
    expect(read.ok && read.value.value.bcf.peers.map(({ name }) => name)).toEqual([
      'provider',
      site === 'spain' ? 'portugal' : 'spain',
    ]);
  }
});
