import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type OutsideProgram, freePort, startProgram } from '@esinet/testing';

export type SippTransport = 'udp' | 'tcp';

const scenarios = fileURLToPath(new URL('../../src/sipp/scenarios/', import.meta.url));
const modes = { udp: 'u1', tcp: 't1' } as const;

/** One SIPp, with a folder of its own for what it writes. */
export interface Sipp {
  readonly port: number;
  /** Resolves with its exit code (0: every call as the scenario says) and what it has to say for itself. */
  readonly ended: Promise<{ readonly code: number | string; readonly words: string }>;
  stop(): Promise<void>;
}

/** Starts SIPp with one of the scenarios, by name; it ends after `calls` calls. `to` is whom it calls. */
export async function startSipp(
  sipp: string,
  o: {
    readonly scenario: string;
    readonly transport: SippTransport;
    readonly calls: number;
    readonly to?: number;
    readonly port?: number;
    /** Scenario for requests that belong to none of its calls. */
    readonly outOfCall?: string;
    readonly keys?: Readonly<Record<string, string>>;
  },
): Promise<Sipp> {
  const folder = await mkdtemp(join(tmpdir(), 'esinet-sipp-'));
  const port = o.port ?? (await freePort());
  const run: OutsideProgram = await startProgram(
    sipp,
    [
      ...(o.to === undefined ? [] : [`127.0.0.1:${o.to}`]),
      ...['-sf', join(scenarios, `${o.scenario}.xml`)],
      ...(o.outOfCall === undefined ? [] : ['-oocsf', join(scenarios, `${o.outOfCall}.xml`)]),
      ...Object.entries(o.keys ?? {}).flatMap(([key, value]) => ['-key', key, value]),
      ...['-t', modes[o.transport], '-i', '127.0.0.1', '-p', String(port)],
      ...['-m', String(o.calls), ...(o.to === undefined ? [] : ['-l', '20', '-r', '50'])],
      ...['-timeout', '120', '-nostdin', '-trace_err', '-error_file', join(folder, 'errors')],
    ],
    {
      cwd: folder,
      env: { TERM: 'dumb' },
      ...(o.to === undefined && o.transport === 'tcp' && { port }),
    },
  );
  const ended = run.ended.then(async (code) => {
    const written = await readdir(folder);
    const errors = written.includes('errors') ? await readFile(join(folder, 'errors'), 'utf8') : '';
    await rm(folder, { recursive: true, force: true });
    return { code, words: `${errors.slice(0, 3_000)}\n${run.output().slice(-3_000)}` };
  });
  return { port, ended, stop: () => run.stop() };
}
