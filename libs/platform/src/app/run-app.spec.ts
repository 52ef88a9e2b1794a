import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Module } from '@nestjs/common';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { listenSchema } from '../config/values.js';
import { startElement } from '../nest/start-element.js';
import { type App, runApp } from './run-app.js';

@Module({})
class EmptyModule {}

const schema = z.strictObject({ http: listenSchema({ port: 0 }) }).prefault({});
const app: App<z.infer<typeof schema>> = {
  name: 'ecrf',
  schema,
  start: (config, platform) =>
    startElement({ name: 'ecrf', module: EmptyModule, http: config.http, platform }),
};

let folder: string;
let told: { out: string; error: string };
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'app-'));
  told = { out: '', error: '' };
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => ((told.out += String(text)), true));
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => ((told.error += String(text)), true));
});
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
  rmSync(folder, { recursive: true });
});

function file(text: string): string {
  const path = join(folder, 'esinet.yaml');
  writeFileSync(path, text);
  return path;
}

it('says what is wrong with the configuration, all of it, and ends with 1', async () => {
  const path = file('ecrf:\n  http: { prot: 1 }\nlog: { level: loud }\nbcf: { not: ours }\n');
  await runApp(app, ['--config', path]);
  expect(told.error).toBe(
    `${path}:2:11  ecrf.http.prot: unknown key, did you mean "port"?\n` +
      `${path}:3:15  log.level: expected one of "debug", "info", "warn", "error", "silent", found text "loud"\n`,
  );
  expect(process.exitCode).toBe(1);
});

it('checks without starting, with the values of the command line', async () => {
  await runApp(app, ['--config', file('ecrf: {}\n'), '--set', 'ecrf.http.port=15222', '--check']);
  expect(told).toEqual({ out: `${join(folder, 'esinet.yaml')} is valid\n`, error: '' });
  expect(process.exitCode).toBeUndefined();
  await runApp(app, ['--config', file('ecrf: {}\n'), '--set', 'ecrf.http.port=x', '--check']);
  expect(told.error).toBe('--set ecrf.http.port  ecrf.http.port: expected a port number, found text "x"\n');
});

it('refuses arguments it does not know, in one line', async () => {
  await runApp(app, ['--confg', 'x']);
  expect(told.error).toBe("ecrf: Unknown option '--confg'\n");
  told.error = '';
  await runApp(app, ['--set', 'x']);
  expect(told.error).toBe('ecrf: --set x: expected key=value, such as log.level=debug\n');
  await runApp(app, ['--help']);
  expect(told.out).toContain('--config FILE');
});

it('a start that fails is one sentence without a stack', async () => {
  const exit = vi.spyOn(process, 'exit').mockImplementation((() => undefined) as never);
  const listeners = ['unhandledRejection', 'uncaughtException'] as const;
  const before = listeners.map((event) => process.listeners(event as 'uncaughtException'));
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const address = other.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const data = join(folder, 'data');
  await runApp(app, [
    '--config',
    file(`data: ${data}\nlog: { level: silent }\necrf: { http: { port: ${port} } }\n`),
  ]);
  expect(told.error).toMatch(
    new RegExp(
      `^ecrf cannot start: port ${port}/tcp on 127\\.0\\.0\\.1 is in use by .*; set ecrf\\.http\\.port\\n$`,
    ),
  );
  expect(process.exitCode).toBe(1);
  await new Promise((resolve) => setTimeout(resolve, 150));
  expect(exit).toHaveBeenCalledWith(1);
  await new Promise<void>((resolve) => other.close(() => resolve()));
  for (const [i, event] of listeners.entries()) {
    for (const listener of process.listeners(event as 'uncaughtException')) {
      if (!before[i]?.includes(listener)) process.off(event, listener);
    }
  }
});
