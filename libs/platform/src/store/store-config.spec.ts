import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { z } from 'zod';
import { readConfig } from '../config/load-config.js';
import { formatProblem } from '../config/problem.js';
import { retryPause } from './redis-client.js';
import { storeSchema } from './store-config.js';

const folder = mkdtempSync(join(tmpdir(), 'store-config-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function read(yaml: string): string {
  const loaded = readConfig(z.strictObject({ store: storeSchema }), yaml, join(folder, 'esinet.yaml'));
  return loaded.ok ? JSON.stringify(loaded.value) : loaded.error.map(formatProblem).join('\n');
}

it('one server, sentinels or a cluster, the password in a file', () => {
  writeFileSync(join(folder, 'secret'), 'of Redis\n');
  expect(read(`store: { kind: redis, url: 'redis://127.0.0.1:6379', passwordFile: secret }`)).toContain(
    '"password":"of Redis"',
  );
  expect(
    read(`store: { kind: redis, sentinels: { nodes: ['a:26379', 'b'], passwordFile: secret } }`),
  ).toContain('"name":"mymaster"');
  expect(read(`store: { kind: redis, cluster: { nodes: ['a:6379'] }, prefix: 'x:' }`)).toContain(
    '"prefix":"x:"',
  );
});

it.each([
  [`store: { kind: redis }`, 'give one of url, sentinels and cluster'],
  [`store: { kind: redis, url: 'redis://a', cluster: { nodes: [b] } }`, 'give one of url'],
  [`store: { kind: redis, url: 'redis://u:p@a' }`, 'passwordFile'],
  [`store: { kind: redis, url: 'http://a' }`, 'expected redis://host:port'],
  [`store: { kind: redis, url: 'redis://a', passwordFile: none }`, 'cannot be read'],
  [`store: { kind: redis, sentinels: { nodes: [] } }`, 'store.sentinels.nodes'],
  [`store: { kind: redis, url: 'redis://a', timeouts: 1 }`, 'timeout'],
])('%s is refused with a reason', (yaml, reason) => {
  expect(read(yaml)).toContain(reason);
});

it('attempts to connect lie further apart each time, up to a limit, and not all at the same moment', () => {
  const pauses = [1, 2, 3, 10, 10_000].map((times) => retryPause(times, 1_000, 0));
  expect(pauses).toEqual([50, 100, 200, 500, 500]);
  expect(retryPause(10_000, 1_000, 1)).toBe(1_000);
});
