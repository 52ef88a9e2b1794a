import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { environment } from '@esinet/platform';
import { programPath } from '@esinet/testing';

export type ProcessState = 'starting' | 'ready' | 'frozen' | 'down' | 'held';

/** One end of a process. */
export interface Exit {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Exit code, or name of the signal. */
  readonly how: number | string;
  /** Whether somebody asked for it through this object. */
  readonly asked: boolean;
}

export interface ProcessOptions {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** File that its output is added to. */
  readonly log: string;
  /** Answers 200 once it serves. */
  readonly readyUrl: string;
  /** Told of every change of state. */
  readonly onState?: (state: ProcessState, what: string) => void;
}

/** Pause before it is started again, by how often it has died in a row. At most a second. */
const pausesMs = [0, 250, 500, 1_000] as const;
/** Who has lived for so long has not died in a row. */
const settledMs = 10_000;
const readyPollMs = 25;
/** Longer than any element takes to drain. */
const stopMs = 40_000;

/** A process that is started again whenever it ends, unless it is held down. */
export class SupervisedProcess {
  readonly exits: Exit[] = [];
  /** Command put before its own: `['prlimit', '--nofile=256']`. From the next start on. */
  wrap: readonly string[] = [];
  #child: ChildProcess | undefined;
  #ended: Promise<void> = Promise.resolve();
  #state: ProcessState = 'down';
  #wanted = false;
  #asked = false;
  #deaths = 0;
  #startedAt = 0;
  #again: NodeJS.Timeout | undefined;

  constructor(private readonly o: ProcessOptions) {}

  get name(): string {
    return this.o.name;
  }

  get log(): string {
    return this.o.log;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get state(): ProcessState {
    return this.#state;
  }

  /** Resident memory in bytes, where the system tells. */
  get rss(): number | undefined {
    try {
      const pages = readFileSync(`/proc/${this.pid ?? 0}/statm`, 'latin1').split(' ')[1];
      return pages === undefined ? undefined : Number(pages) * 4_096;
    } catch {
      return undefined;
    }
  }

  /** Starts it and resolves once it serves. @throws where it does not within `withinMs` */
  async start(withinMs = 120_000): Promise<void> {
    this.#wanted = true;
    if (!this.#child) this.#spawn();
    await this.ready(withinMs);
  }

  /** Resolves once it serves. @throws with the end of its output where it does not within `withinMs` */
  async ready(withinMs = 120_000): Promise<void> {
    for (const until = performance.now() + withinMs; ;) {
      if (this.#state === 'ready') return;
      if (performance.now() > until) {
        throw new Error(`${this.name} is not ready after ${withinMs / 1_000} s: ${this.#lastWords()}`);
      }
      await new Promise((resolve) => setTimeout(resolve, readyPollMs));
    }
  }

  /** As a crash; resolves when it has ended. It is started again. */
  async kill(): Promise<void> {
    this.#asked = true;
    this.#child?.kill('SIGKILL');
    await this.#ended;
  }

  /** As a crash of its machine: it stays away until `start`. */
  async hold(): Promise<void> {
    this.#wanted = false;
    clearTimeout(this.#again);
    await this.kill();
    this.#become('held', 'held down');
  }

  /** SIGTERM; resolves when it has ended. It stays away until `start`. */
  async stop(): Promise<void> {
    this.#wanted = false;
    this.#asked = true;
    clearTimeout(this.#again);
    this.#child?.kill('SIGCONT');
    this.#child?.kill('SIGTERM');
    const late = setTimeout(() => this.#child?.kill('SIGKILL'), stopMs);
    await this.#ended;
    clearTimeout(late);
    this.#become('held', 'stopped');
  }

  /** SIGSTOP: there, and silent. */
  freeze(): void {
    this.#child?.kill('SIGSTOP');
    this.#become('frozen', 'frozen');
  }

  thaw(): void {
    this.#child?.kill('SIGCONT');
    this.#become('ready', 'thawed');
  }

  signal(name: NodeJS.Signals): void {
    this.#child?.kill(name);
  }

  #spawn(): void {
    const [command = '', ...args] = [...guard(), ...this.wrap, this.o.command, ...this.o.args];
    const out = openSync(this.o.log, 'a');
    const child = spawn(command, args, {
      stdio: ['ignore', out, out],
      // Ctrl-C in a terminal is for the launcher, which ends them in order.
      detached: true,
      env: { PATH: environment.path.join(':') },
    });
    closeSync(out);
    this.#child = child;
    this.#asked = false;
    this.#startedAt = performance.now();
    children.add(child);
    endWithUs();
    this.#become('starting', `started as ${child.pid ?? 'nothing'}`);
    this.#ended = new Promise((resolve) => {
      const over = (how: number | string): void => {
        children.delete(child);
        if (this.#child !== child) return;
        this.#child = undefined;
        this.exits.push({ at: Date.now(), how, asked: this.#asked });
        this.#become('down', `ended by ${how}`);
        resolve();
        this.#startAgain();
      };
      child.once('error', (error) => over(error.message));
      child.once('exit', (code, signal) => over(code ?? signal ?? -1));
    });
    void this.#awaitReady(child);
  }

  #startAgain(): void {
    if (!this.#wanted) return;
    if (performance.now() - this.#startedAt > settledMs) this.#deaths = 0;
    const pause = pausesMs[Math.min(this.#deaths++, pausesMs.length - 1)] ?? 0;
    this.#again = setTimeout(() => {
      if (this.#wanted && !this.#child) this.#spawn();
    }, pause);
  }

  async #awaitReady(child: ChildProcess): Promise<void> {
    while (this.#child === child) {
      if (await answers(this.o.readyUrl)) {
        if (this.#child === child && this.#state === 'starting') {
          const ms = Math.round(performance.now() - this.#startedAt);
          this.#become('ready', `ready after ${ms} ms`);
        }
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, readyPollMs));
    }
  }

  #become(state: ProcessState, what: string): void {
    this.#state = state;
    this.o.onState?.(state, what);
  }

  #lastWords(): string {
    try {
      return readFileSync(this.o.log, 'utf8').slice(-1_000).trim() || 'it wrote nothing';
    } catch {
      return 'it wrote nothing';
    }
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(1_000) });
    await answer.arrayBuffer();
    return answer.status === 200;
  } catch {
    return false;
  }
}

const children = new Set<ChildProcess>();
let watching = false;

function endWithUs(): void {
  if (watching) return;
  watching = true;
  process.once('exit', () => {
    for (const child of children) child.kill('SIGKILL');
  });
}

/** Where the launcher itself is killed its processes end with it. */
function guard(): readonly string[] {
  const setpriv = programPath('setpriv');
  return setpriv === undefined ? [] : [setpriv, '--pdeathsig', 'KILL', '--'];
}
