import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { environment } from '@esinet/platform';
import { type TestAPI, it } from 'vitest';

/** The path of a program, or undefined where it is not installed. */
export function programPath(name: string): string | undefined {
  for (const folder of [...environment.path, '/usr/sbin', '/sbin', '/usr/local/sbin']) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not here: the next folder.
    }
  }
  return undefined;
}

/**
 * For tests that need a program of others. Gives its path and an `it` that runs the test; without the program the `it`
 * skips and the reason is printed once. With ESINET_REQUIRE_ALL=1 a missing program is an error instead.
 */
export function requireProgram(name: string): { readonly path: string; readonly it: TestAPI } {
  const path = programPath(name);
  if (path !== undefined) return { path, it };
  const reason = `${name} is not installed: the tests that need it are skipped`;
  if (environment.requireAll)
    throw new Error(`${name} is not installed, and ESINET_REQUIRE_ALL=1 asks for all tests`);
  process.stdout.write(`SKIPPED: ${reason}\n`);
  return { path: '', it: it.skip as TestAPI };
}

export interface OutsideProgram {
  readonly pid: number;
  /** All it has written so far, both streams. */
  output(): string;
  /** Resolves with its exit code, or the name of the signal that ended it. */
  readonly ended: Promise<number | string>;
  /** Asks it to end, and makes it end after `graceMs`. */
  stop(graceMs?: number): Promise<void>;
  /** Ends it as a crash would. */
  kill(): Promise<void>;
}

/** Output kept of one program. */
const maxOutput = 1_048_576;

const running = new Set<ChildProcess>();
let watching = false;

/**
 * Starts a program and waits until it is ready: until something listens on `port`, or it has written `line`. Whatever
 * happens to the test process, the program ends with it.
 */
export async function startProgram(
  command: string,
  args: readonly string[],
  o: {
    readonly port?: number;
    readonly line?: string;
    readonly cwd?: string;
    readonly env?: Readonly<Record<string, string>>;
    readonly readyWithinMs?: number;
  } = {},
): Promise<OutsideProgram> {
  endWithUs();
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: o.cwd,
    env: { PATH: environment.path.join(':'), ...o.env },
  });
  running.add(child);
  let output = '';
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString('utf8')).slice(-maxOutput);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  let failure: string | undefined;
  let over = false;
  const ended = new Promise<number | string>((resolve) => {
    child.once('error', (error) => {
      failure = error.message;
      over = true;
      resolve(-1);
    });
    child.once('close', (code, signal) => {
      over = true;
      running.delete(child);
      resolve(code ?? signal ?? -1);
    });
  });
  const stop = async (graceMs = 2_000): Promise<void> => {
    if (over) return;
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
    await ended;
    clearTimeout(timer);
  };
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
  };
  const until = performance.now() + (o.readyWithinMs ?? 10_000);
  for (;;) {
    const listening = o.port === undefined || (await accepts(o.port));
    if (listening && (o.line === undefined || output.includes(o.line)) && !over) break;
    if (over || performance.now() > until) {
      await kill();
      throw new Error(
        `${command} did not become ready: ${failure ?? (output.slice(-2_000) || 'it wrote nothing')}`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return { pid: child.pid ?? 0, output: () => output, ended, stop, kill };
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const done = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => done(true));
    socket.once('error', () => done(false));
    socket.setTimeout(500, () => done(false));
  });
}

function endWithUs(): void {
  if (watching) return;
  watching = true;
  process.once('exit', () => {
    for (const child of running) child.kill('SIGKILL');
  });
}
