import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { until } from '@esinet/testing';

/** The command line as it is installed. */
export const esinet = fileURLToPath(new URL('../../../apps/esinet/bin/esinet.js', import.meta.url));

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A command under way: what is typed into it, and what it has said so far. */
export interface Typed {
  readonly child: ChildProcess;
  /** Both streams, as they came. */
  readonly said: () => string;
  type(line: string): void;
  /** Resolves when it has said this. */
  says(text: string): Promise<unknown>;
  readonly ended: Promise<Ran>;
}

/** Starts the command line as a user does: the built program, in a folder of its own. */
export function typed(folder: string, args: readonly string[]): Typed {
  const child = spawn(process.execPath, [esinet, ...args], { cwd: folder, stdio: ['pipe', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  let all = '';
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
    all += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString();
    all += chunk.toString();
  });
  const ended = new Promise<Ran>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, err }));
  });
  return {
    child,
    said: () => all,
    type: (line) => void child.stdin.write(`${line}\n`),
    says: (text) => until(() => all.includes(text)),
    ended,
  };
}

/** Runs a command with nothing typed into it, or with all of `input`. */
export function run(folder: string, args: readonly string[], input = ''): Promise<Ran> {
  const command = typed(folder, args);
  command.child.stdin?.end(input);
  return command.ended;
}
