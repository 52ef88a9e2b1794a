import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type OutsideProgram, startProgram } from '@esinet/testing';

const esinet = fileURLToPath(new URL('../../../apps/esinet/bin/esinet.js', import.meta.url));
/** Between the ports of `startLab`, the command line's tests, and those the system hands out by itself. */
const firstOffset = 16_200;
const offsetStep = 100;
const tries = 6;

/** Every element's HTTP port in the lab's defaults. */
export const httpPorts = {
  bcf: 15_960,
  esrp: 15_970,
  psap: 15_090,
  provider: 15_950,
  ecrf: 15_222,
  lis: 15_985,
};

/** A whole ESInet as a program of its own, the way `npm start` runs it. */
export interface LabProcess {
  readonly program: OutsideProgram;
  /** Ends it as a loss of power would, and starts it again over what is on disk. */
  crash(): Promise<void>;
  port(standard: number): number;
  close(): Promise<void>;
}

export async function labProcess(...flags: string[]): Promise<LabProcess> {
  if (!existsSync(fileURLToPath(new URL('../../../apps/esinet/dist/main.js', import.meta.url)))) {
    throw new Error('apps/esinet is not built: npm run build');
  }
  const folder = await mkdtemp(join(tmpdir(), 'esinet-lab-'));
  let last: unknown;
  for (let i = 0; i < tries; i++) {
    const offset = firstOffset + i * offsetStep;
    const start = (): Promise<OutsideProgram> =>
      startProgram(
        process.execPath,
        [esinet, 'up', '--port-offset', String(offset), '--data', folder, '--without', 'handover', ...flags],
        { cwd: folder, line: 'Ready', readyWithinMs: 30_000 },
      );
    try {
      let program = await start();
      return {
        get program() {
          return program;
        },
        async crash() {
          await program.kill();
          program = await start();
        },
        port: (standard) => standard + offset,
        async close() {
          await program.stop(10_000);
          await rm(folder, { recursive: true, force: true });
        },
      };
    } catch (error) {
      last = error;
    }
  }
  await rm(folder, { recursive: true, force: true });
  throw last instanceof Error ? last : new Error('no free block of ports for a lab');
}
