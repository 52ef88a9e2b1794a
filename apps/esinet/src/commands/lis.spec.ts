import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lisConfigSchema, startLis } from '@esinet/element-lis';
import { silentLogger } from '@esinet/kernel';
import { afterEach, beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import { exit } from '../terminal.js';
import { lisList, lisLoad, lisPut, lisRemove, lisUris } from './lis-devices.js';
import { lisWhere } from './lis-where.js';

let lis: Awaited<ReturnType<typeof startLis>>;
let o: { url: string; portOffset: number };
let shown = '';

beforeEach(async () => {
  lis = await startLis(lisConfigSchema.parse({ http: { port: 0 }, sip: null }), { logger: silentLogger });
  o = { url: `http://127.0.0.1:${lis.http.port}/`, portOffset: 0 };
  shown = '';
  for (const stream of [process.stdout, process.stderr])
    vi.spyOn(stream, 'write').mockImplementation((text) => {
      shown += String(text);
      return true;
    });
});
afterEach(async () => {
  vi.restoreAllMocks();
  await lis.close();
});

async function saysOf(run: () => Promise<number>): Promise<[number, string]> {
  shown = '';
  const code = await run();
  return [code, shown.replace(/\u001b\[\d+m/g, '')];
}

it('puts, moves, finds, asks for and forgets a device', async () => {
  const at = { latitude: 40.4168, longitude: -3.7038 };
  const identifier = ['uri:sip:van1@provider.lab'];
  expect(await saysOf(() => lisPut('van 1', { ...o, at }))).toEqual([
    exit.failed,
    expect.stringContaining('--identifier'),
  ]);
  expect(await saysOf(() => lisPut('van 1', o))).toEqual([exit.usage, expect.stringContaining('Where?')]);
  const put = { ...o, at, identifier, radius: 50, civic: ['country=ES'], confidence: 90 };
  expect((await saysOf(() => lisPut('van 1', { ...put, dryRun: true })))[0]).toBe(exit.ok);
  expect((await saysOf(() => lisList({ ...o, identifier: identifier[0] ?? '', limit: 10 })))[0]).toBe(
    exit.failed,
  );
  expect((await saysOf(() => lisPut('van 1', put)))[0]).toBe(exit.ok);
  expect(await saysOf(() => lisList({ ...o, limit: 10 }))).toEqual([
    exit.ok,
    expect.stringMatching(/van 1 +40\.4168,-3\.7038 ±50 m {2}ES {2}uri:sip:van1@provider\.lab/),
  ]);
  expect(await saysOf(() => lisWhere('sip:van1@provider.lab', { ...o, reference: true }))).toEqual([
    exit.ok,
    expect.stringMatching(/40\.4168,-3\.7038 ±50 m\nES\n {2}Manual, confidence 90[^]*\/loc\//),
  ]);
  expect(
    (await saysOf(() => lisPut('van 1', { ...o, at: { latitude: 41, longitude: 2 }, ttl: 60 })))[0],
  ).toBe(exit.ok);
  expect((await saysOf(() => lisWhere('uri:sip:van1@provider.lab', { ...o, json: true })))[1]).toContain(
    '"position"',
  );
  expect((await saysOf(() => lisUris('van 1', o)))[1]).toContain('follows the device');
  expect((await saysOf(() => lisUris('van 1', { ...o, revoke: true })))[0]).toBe(exit.ok);
  expect((await saysOf(() => lisUris('van 1', o)))[1]).toBe('');
  expect((await saysOf(() => lisRemove('van 1', o)))[0]).toBe(exit.ok);
  expect(await saysOf(() => lisRemove('van 1', o))).toEqual([
    exit.failed,
    expect.stringContaining('not-found'),
  ]);
  expect(await saysOf(() => lisWhere('sip:van1@provider.lab', o))).toEqual([
    exit.failed,
    'locationUnknown\n',
  ]);
});

it('loads files and says which lines cannot be used', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'esinet-lis-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const csv = join(folder, 'devices.csv');
  await writeFile(csv, 'id,identifiers,lat,lon\na,msisdn:34600000001,40,1\nb,msisdn:34600000002,91,1\n');
  const json = join(folder, 'devices.json');
  await writeFile(json, JSON.stringify([{ identifiers: ['msisdn:34600000003'], civic: { country: 'ES' } }]));
  expect(await saysOf(() => lisLoad(csv, o))).toEqual([
    exit.failed,
    expect.stringMatching(/load-refused[^]*line 3 {2}shape\.position\.1/),
  ]);
  expect(await saysOf(() => lisLoad(csv, { ...o, partial: true, dryRun: true }))).toEqual([
    exit.failed,
    expect.stringContaining('would load  1 new'),
  ]);
  expect((await saysOf(() => lisList({ ...o, limit: 10 })))[1]).toContain('No such device');
  expect((await saysOf(() => lisLoad(csv, { ...o, partial: true })))[1]).toContain('loaded  1 new');
  expect((await saysOf(() => lisLoad(json, o)))[0]).toBe(exit.ok);
  expect((await saysOf(() => lisLoad(join(folder, 'none.csv'), o)))[0]).toBe(exit.unreachable);
});

it('says where nobody is there, and what is no device', async () => {
  const nobody = { url: 'http://127.0.0.1:1', portOffset: 0 };
  expect(await saysOf(() => lisList({ ...nobody, limit: 1 }))).toEqual([
    exit.unreachable,
    expect.stringContaining('--url'),
  ]);
  expect(await saysOf(() => lisWhere('address', nobody))).toEqual([
    exit.unreachable,
    expect.stringContaining('--url'),
  ]);
  expect((await saysOf(() => lisWhere('van', o)))[0]).toBe(exit.usage);
});
