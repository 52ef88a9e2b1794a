import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { environment } from '@esinet/platform';
import { expect, it } from 'vitest';
import { freePorts } from './free-port.js';
import { programPath, requireProgram, startProgram } from './outside-program.js';
import { temporaryFolder } from './temp-folder.js';

const shell = requireProgram('sh');

shell.it('starts a program, waits for its line, and ends it with SIGTERM', async () => {
  const program = await startProgram(shell.path, ['-c', 'echo ready; exec sleep 60'], { line: 'ready' });
  expect(program.output()).toBe('ready\n');
  await program.stop();
  expect(await program.ended).toBe('SIGTERM');
});

shell.it('a program that does not listen to SIGTERM is killed after its grace', async () => {
  const script = "trap '' TERM; echo ready; while true; do sleep 0.05; done";
  const program = await startProgram(shell.path, ['-c', script], { line: 'ready' });
  await program.stop(100);
  expect(await program.ended).toBe('SIGKILL');
});

it('waits for a port, and says what a program wrote that did not get ready', async () => {
  const [port = 0] = await freePorts(1);
  const script = `require('net').createServer().listen(${port}, '127.0.0.1')`;
  const program = await startProgram(process.execPath, ['-e', script], { port });
  await program.kill();
  await expect(
    startProgram(process.execPath, ['-e', 'console.log("no licence"); process.exit(3)'], { port }),
  ).rejects.toThrow('no licence');
  await expect(startProgram('/nowhere/program', [], { line: 'x' })).rejects.toThrow('ENOENT');
});

it('finds programs, and skips or fails where there is none', () => {
  expect(programPath('no-such-program-anywhere')).toBeUndefined();
  if (environment.requireAll)
    expect(() => requireProgram('no-such-program-anywhere')).toThrow('ESINET_REQUIRE_ALL');
  else expect(requireProgram('no-such-program-anywhere').path).toBe('');
});

it('gives ports that can be had, and folders that are there', async () => {
  const ports = await freePorts(5);
  expect(new Set(ports).size).toBe(5);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(ports[0], '127.0.0.1', resolve));
  await new Promise<void>((resolve) => server.close(() => resolve()));
  expect(existsSync(temporaryFolder())).toBe(true);
});
