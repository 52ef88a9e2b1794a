import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, requireProgram, startProgram } from '@esinet/testing';
import { afterAll, beforeAll, expect } from 'vitest';
import { type Lab, startLab } from '../lab.js';

const sipp = requireProgram('sipp');
const scenarios = fileURLToPath(new URL('../../sipp/', import.meta.url));
let lab: Lab;

beforeAll(async () => {
  if (sipp.path) lab = await startLab();
});
afterAll(async () => {
  if (sipp.path) await lab.close();
});

sipp.it.each(['udp', 'tcp'] as const)(
  'SIPp starts three chats over %s: each gets its 200 and the 257 of the right centre',
  { meta: { clause: ['TS 103 698 6.2.2', 'RFC 3261 18'] }, timeout: 40_000 },
  async (transport) => {
    const folder = await mkdtemp(join(tmpdir(), 'esinet-sipp-'));
    try {
      const run = await startProgram(
        sipp.path,
        [
          `127.0.0.1:${lab.port(15_060)}`,
          ...['-sf', join(scenarios, 'app-start-expects-200.xml')],
          ...['-oocsf', join(scenarios, 'app-receives-257.xml')],
          ...['-inf', join(scenarios, 'places.csv')],
          ...['-t', transport === 'udp' ? 'u1' : 't1', '-i', '127.0.0.1', '-p', String(await freePort())],
          ...['-m', '3', '-l', '3', '-r', '3', '-timeout', '20', '-nostdin'],
          ...[
            '-trace_logs',
            '-log_file',
            join(folder, 'logs'),
            '-trace_err',
            '-error_file',
            join(folder, 'errors'),
          ],
        ],
        { cwd: folder, env: { TERM: 'dumb' } },
      );
      expect(await run.ended, run.output().slice(-2_000)).toBe(0);
      const written = await readdir(folder);
      const log = written.includes('logs') ? await readFile(join(folder, 'logs'), 'utf8') : '';
      const centres = [...log.matchAll(/257 from ([a-z-]+)/g)].map(([, centre]) => centre).sort();
      expect(centres).toEqual(['andalucia', 'catalunya', 'madrid']);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
);
