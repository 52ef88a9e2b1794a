import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { OutsideProgram } from './outside-program.js';

/** A server of others on 127.0.0.1 that a test or the lab may kill, freeze and start again with what it had on disk. */
export interface TestServer {
  readonly port: number;
  readonly url: string;
  /** Of the running process. */
  readonly pid: number;
  /** Ends it as a crash would. */
  kill(): Promise<void>;
  /** Ends it as its operator would. */
  stop(): Promise<void>;
  /** Starts it again, on the same port with the same files. */
  start(): Promise<void>;
  /** SIGSTOP and SIGCONT: it is there and does not answer. */
  freeze(): void;
  thaw(): void;
  /** Ends it and deletes its folder if it was a temporary one. */
  dispose(): Promise<void>;
}

/** What all of them have in common. */
export async function testServer(o: {
  readonly port: number;
  readonly url: string;
  readonly launch: () => Promise<OutsideProgram>;
  readonly dispose: () => void;
}): Promise<TestServer> {
  let program: OutsideProgram | undefined = await o.launch();
  const signal = (name: NodeJS.Signals): void => {
    if (program) process.kill(program.pid, name);
  };
  const end = async (how: 'kill' | 'stop'): Promise<void> => {
    const ending = program;
    program = undefined;
    await (how === 'kill' ? ending?.kill() : ending?.stop(5_000));
  };
  return {
    port: o.port,
    url: o.url,
    get pid() {
      return program?.pid ?? 0;
    },
    kill: () => end('kill'),
    stop: () => end('stop'),
    start: async () => {
      program ??= await o.launch();
    },
    freeze: () => signal('SIGSTOP'),
    thaw: () => signal('SIGCONT'),
    dispose: async () => {
      await end('kill');
      o.dispose();
    },
  };
}

/** A folder of its own in `base`, or a temporary one that is deleted in the end. */
export function serverFolder(
  name: string,
  base: string | undefined,
): { readonly folder: string; readonly dispose: () => void } {
  const folder = base ?? mkdtempSync(join(tmpdir(), `esinet-${name}-`));
  return {
    folder,
    dispose: () => {
      if (base === undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}
