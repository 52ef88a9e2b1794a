import { type ChildProcess, spawn } from 'node:child_process';
import type { Clock, Logger, Timer } from '@esinet/kernel';

/** Pause before a program that ended by itself is started again; it doubles up to the longest. */
const firstPauseMs = 1_000;
const longestPauseMs = 30_000;
/** How long it has to end when it is told to. */
const endMs = 10_000;

export interface ChildProgramOptions {
  readonly name: string;
  /** The program's file. */
  readonly file: string;
  readonly args: readonly string[];
  /** File descriptor that its output goes to. */
  readonly output: number;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** Another Node program that runs as long as this one does, and is started again when it ends by itself. */
export class ChildProgram {
  #child: ChildProcess | undefined;
  #closed = false;
  #starts = 0;
  #timer: Timer | undefined;
  #ended: ((why: string) => void)[] = [];

  constructor(private readonly o: ChildProgramOptions) {
    this.#start();
  }

  /** Resolves when it ends the next time, with how. */
  ended(): Promise<string> {
    return new Promise((resolve) => this.#ended.push(resolve));
  }

  /** Tells it to end, and waits until it has; it is made to after a while. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    const child = this.#child;
    if (!child) return;
    const ended = this.ended();
    child.kill('SIGTERM');
    const late = this.o.clock.after(endMs, () => child.kill('SIGKILL'));
    await ended;
    late.cancel();
  }

  #start(): void {
    const { file, args, output, name, logger, clock } = this.o;
    this.#starts++;
    const child = spawn(process.execPath, [file, ...args], {
      // Over the channel it learns that this process has died.
      stdio: ['ignore', output, output, 'ipc'],
      // What replaces values of our configuration is not meant for its.
      env: {},
    });
    this.#child = child;
    const ended = (why: string): void => {
      if (this.#child !== child) return;
      this.#child = undefined;
      for (const tell of this.#ended.splice(0)) tell(why);
      if (this.#closed) return;
      logger.error('program ended', { program: name, reason: why });
      const pause = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(this.#starts - 1, 10));
      this.#timer = clock.after(pause, () => this.#start());
    };
    child.on('error', (error) => ended(error.message));
    child.on('exit', (code, signal) => ended(signal ?? `exit code ${code ?? 0}`));
  }
}
