import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Cluster,
  faults,
  missingPrograms,
  resultLine,
  runFault,
  seeded,
  startCluster,
} from '@esinet/cluster';
import { esinetConfigSchema } from '@esinet/app-esinet';
import { environment } from '@esinet/platform';

/** A handful of `npm run chaos`: what is promised is kept, whatever a busy machine makes of the times. */
const shown = ['F01', 'F02', 'F03', 'F06', 'F08', 'POSTGRES'];

const missing = missingPrograms();
if (missing.length > 0 && environment.requireAll) throw new Error(missing.join('\n'));
const clustered = esinetConfigSchema.safeParse({
  bus: { kind: 'nats', servers: ['nats://127.0.0.1:4222'] },
}).success;
const embedded = missing.length > 0 || !clustered;
if (embedded) {
  process.stdout.write(`SKIPPED: faults of the servers: ${missing.join(' ') || 'no adapters for them'}\n`);
}

describe('a cluster under load', () => {
  let folder: string;
  let cluster: Cluster;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'esinet-chaos-'));
    cluster = await startCluster({ folder, embedded, ports: 'free' });
  }, 240_000);
  afterAll(async () => {
    await cluster?.close();
    await rm(folder, { recursive: true, force: true });
  }, 60_000);

  for (const fault of faults.filter(({ id }) => shown.includes(id))) {
    it.skipIf(embedded && (fault.needs ?? []).length > 0)(
      `${fault.id} ${fault.title}: nothing promised is lost, nothing comes twice`,
      { meta: { clause: ['RFC 3428 7', 'house rules: a 2xx is a promise'] }, timeout: 300_000 },
      async () => {
        const result = await runFault(fault, {
          cluster,
          shape: { chats: 8, rate: 20, starts: 2 },
          ...{ calmMs: 1_000, afterMs: 2_000, holdMs: 3_000, timed: false, rounds: undefined },
          random: seeded(1),
          say: () => undefined,
        });
        process.stdout.write(`${resultLine(result)}\n`);
        expect(result.broken).toEqual([]);
        expect(result.verdict.promised).toBeGreaterThan(20);
      },
    );
  }
});
