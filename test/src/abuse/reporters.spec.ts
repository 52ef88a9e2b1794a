import { mkdtemp, rm } from 'node:fs/promises';
import { Agent } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bcfConfigSchema, startBcf } from '@esinet/element-bcf';
import { httpExchange } from '@esinet/kernel';
import { type RunningElement, ensureLabPki, loadTls } from '@esinet/platform';
import { afterAll, beforeAll, expect, it } from 'vitest';

let folder: string;
let bcf: RunningElement;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bcf-reporters-'));
  await ensureLabPki({ folder });
  const config = bcfConfigSchema.parse({
    http: { port: 0 },
    public: { udp: 0, tcp: null, tls: null },
    private: { udp: 0, tcp: null },
    badActors: { reporters: { addresses: [] } },
  });
  bcf = await startBcf(config, {}, { tls: await loadTls(folder, 'bcf'), drainMs: 50 });
});
afterAll(async () => {
  await bcf.close();
  await rm(folder, { recursive: true, force: true });
});

async function reportAs(name: string | undefined): Promise<number | string> {
  const { ca, cert, key } = await loadTls(folder, name ?? 'bcf');
  const agent = new Agent({ ca, ...(name !== undefined && { cert, key }) });
  const answer = await httpExchange({
    method: 'POST',
    url: `https://127.0.0.1:${bcf.http.port}/BadActors`,
    headers: { 'Content-Type': 'text/plain' },
    body: 'nobody1@bcf.esinet.lab',
    timeoutMs: 5_000,
    maxBytes: 10_000,
    agent,
  });
  agent.destroy();
  return answer.ok ? answer.value.status : answer.error.code;
}

it(
  'a PSAP reports by its certificate; a provider, who has one too, does not',
  { meta: { clause: 'NENA i3 BadActors' } },
  async () => {
    expect(await reportAs('psap')).toBe(433);
    expect(await reportAs('provider')).toBe(403);
    expect(await reportAs(undefined)).toBe('unreachable');
    const plain = await fetch(`http://127.0.0.1:${bcf.http.port}/BadActors`);
    expect(plain.status).toBe(403);
  },
);
