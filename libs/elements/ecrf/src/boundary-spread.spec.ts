import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { silentLogger, systemClock } from '@esinet/kernel';
import { HealthChecks, InProcessBus, PrometheusMetrics } from '@esinet/platform';
import { temporaryFolder, until } from '@esinet/testing';
import { expect, it, onTestFinished } from 'vitest';
import { BoundaryReload } from './boundary-reload.js';
import { BoundarySpread } from './boundary-spread.js';
import { packFiles } from './pack-files.js';

const bus = new InProcessBus();

function collection(west: number): string {
  const ring = [
    [west, 0],
    [west + 1, 0],
    [west + 1, 1],
    [west, 1],
    [west, 0],
  ];
  const properties = {
    NGUID: 'a',
    ServiceURI: 'sip:a@psap.lab',
    ServiceURN: 'urn:service:sos',
    DsplayName: 'A',
  };
  const geometry = { type: 'Polygon', coordinates: [ring] };
  return JSON.stringify({ type: 'FeatureCollection', features: [{ type: 'Feature', properties, geometry }] });
}

function server(source = 'ecrf.lab') {
  const file = join(temporaryFolder('boundaries'), 'a.geojson');
  writeFileSync(file, collection(0));
  const taken: string[] = [];
  const reload = new BoundaryReload(
    { source, layers: [{ files: [file] }] },
    () => void taken.push('set'),
    {
      ...{ clock: systemClock, logger: silentLogger, bus },
      ...{ metrics: new PrometheusMetrics(), health: new HealthChecks(systemClock) },
    },
    (plan) => Promise.resolve(packFiles(plan)),
  );
  const spread = new BoundarySpread({
    ...{ files: [file], source, reload, instance: 'one', bus },
    ...{ clock: systemClock, logger: silentLogger, everyMs: 20 },
  });
  onTestFinished(() => spread.stop());
  return { file, reload, taken };
}

it('servers of one name go over to the same files, each once, and others stay', async () => {
  const [a, b, other] = [server(), server(), server('other.lab')];
  const told: unknown[] = [];
  bus.subscribe('boundaries.changed', (payload) => void told.push(payload));
  writeFileSync(a.file, collection(1));
  writeFileSync(other.file, collection(1));
  await a.reload.reload('file');
  await until(() => told.length === 1);
  expect(b.taken).toEqual([]);
  // Its files come later.
  writeFileSync(b.file, collection(1));
  await until(() => b.taken.length === 1);
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect([a.taken.length, b.taken.length, other.taken.length, told.length]).toEqual([1, 1, 0, 1]);
  bus.publish('boundaries.changed', { from: 'x', source: 'ecrf.lab' });
  bus.publish('boundaries.changed', null);
  await a.reload.reload('file');
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(b.taken.length).toBe(1);
});
