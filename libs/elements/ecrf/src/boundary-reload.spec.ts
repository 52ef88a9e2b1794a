import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '@esinet/kernel';
import { type LostRequest, httpLostClient } from '@esinet/lost';
import { InProcessBus, type RunningElement } from '@esinet/platform';
import { afterEach, describe, expect, it } from 'vitest';
import type { ReloadOutcome } from './boundary-reload.js';
import { ecrfConfigSchema } from './ecrf-config.js';
import { mayReload } from './reload-http.js';
import { startEcrf } from './start-ecrf.js';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A country of 20 by 10 squares; their URIs name its version. */
function country(version: number, more: unknown[] = []): string {
  const features: unknown[] = [];
  for (let x = 0; x < 20; x += 1) {
    for (let y = 0; y < 10; y += 1) {
      features.push(square(`${x}-${y}`, version, x, y));
    }
  }
  return JSON.stringify({ type: 'FeatureCollection', features: [...features, ...more] });
}

function square(id: string, version: number, x: number, y: number, last = [x, y]): unknown {
  return {
    type: 'Feature',
    properties: { NGUID: id, ServiceURI: `sip:v${version}@psap.example`, ServiceURN: 'urn:service:sos' },
    geometry: { type: 'Polygon', coordinates: [[[x, y], [x + 1, y], [x + 1, y + 1], [x, y + 1], last]] }, // prettier-ignore
  };
}

interface Started {
  readonly ecrf: RunningElement;
  readonly events: { result: string; problems: { feature: string }[] }[];
  /** As an editor does: a new file in the place of the old one. */
  write(text: string): void;
  url(path: string): string;
  reload(): Promise<{ status: number; outcome: ReloadOutcome }>;
  /** The URI that the middle of the country is mapped to. */
  uri(): Promise<string>;
}

async function start(more: object = {}): Promise<Started> {
  const folder = mkdtempSync(join(tmpdir(), 'esinet-reload-'));
  closing.push(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'country.geojson');
  const write = (text: string): void => {
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  };
  write(country(0));
  const bus = new InProcessBus();
  closing.push(() => bus.close());
  const events: Started['events'] = [];
  bus.subscribe('events.ecrf.reload', (event) => void events.push(event as Started['events'][number]));
  const config = ecrfConfigSchema.parse({ http: { port: 0 }, boundaries: [file], ...more });
  const ecrf = await startEcrf(config, { bus, logger: silentLogger });
  closing.push(() => ecrf.close());
  const url = (path: string): string => `http://127.0.0.1:${ecrf.http.port}${path}`;
  const client = httpLostClient({ url: url('/lost') });
  closing.push(() => client.close());
  return {
    ecrf,
    events,
    write,
    url,
    reload: async () => {
      const response = await fetch(url('/reload'), { method: 'POST' });
      return { status: response.status, outcome: (await response.json()) as ReloadOutcome };
    },
    uri: async () => {
      const answer = await client.ask(question(10.5, 5.5));
      if (!answer.ok || answer.value.type !== 'findServiceResponse') throw new Error(JSON.stringify(answer));
      return answer.value.mappings[0]?.uris[0] ?? '';
    },
  };
}

function question(lon: number, lat: number): LostRequest {
  return {
    type: 'findService',
    locations: [{ id: 'a', profile: 'geodetic-2d', shape: { type: 'point', position: [lon, lat] } }],
    service: 'urn:service:sos',
    recursive: false,
    validateLocation: false,
    serviceBoundary: 'value',
    path: [],
  };
}

describe('new boundaries', () => {
  it('come twenty times under 500 questions a second, and not one question is lost', async () => {
    const o = await start();
    let [written, taken] = [0, 0];
    const asked: Promise<{ least: number; answered: number; most: number }>[] = [];
    const ask = async (least: number): Promise<{ least: number; answered: number; most: number }> => {
      const uri = await o.uri();
      return { least, answered: Number(/^sip:v(\d+)@/.exec(uri)?.[1]), most: written };
    };
    const load = setInterval(() => void asked.push(ask(taken)), 2);
    closing.push(() => clearInterval(load));
    for (let version = 1; version <= 20; version += 1) {
      written = version;
      o.write(country(version));
      const { status, outcome } = await o.reload();
      taken = version;
      expect([status, outcome.result, outcome.boundaries]).toEqual([200, 'ok', 200]);
      expect(await o.uri()).toBe(`sip:v${version}@psap.example`);
    }
    clearInterval(load);
    const answers = await Promise.all(asked);
    expect(answers.length).toBeGreaterThan(20);
    for (const { least, answered, most } of answers) {
      // Of a set that stood at some time between question and answer.
      expect(answered).toBeGreaterThanOrEqual(least);
      expect(answered).toBeLessThanOrEqual(most);
    }
    const metrics = await (await fetch(o.url('/metrics'))).text();
    expect(metrics).toMatch(/esinet_ecrf_reloads_total\{[^}]*result="ok"[^}]*\} 20/);
  }, 120_000);

  it('are refused as a whole when one is broken, the last good ones stay', async () => {
    const o = await start();
    o.write(
      country(1, [square('open', 1, 30, 5, [31, 5.5]), square('twice', 1, 31, 5), square('twice', 1, 31, 5)]),
    );
    const { status, outcome } = await o.reload();
    expect([status, outcome.result]).toEqual([422, 'refused']);
    expect(outcome.problems.map((p) => [p.feature, p.code])).toEqual([
      ['open', 'not-closed'],
      ['twice', 'duplicate-nguid'],
    ]);
    expect(await o.uri()).toBe('sip:v0@psap.example');
    await expect.poll(() => o.events.length).toBe(1);
    expect(o.events[0]).toMatchObject({ element: 'ecrf', trigger: 'request', result: 'refused' });
    expect(o.events[0]?.problems.map((p) => p.feature)).toEqual(['open', 'twice']);
    const ready = await fetch(o.url('/readyz'));
    expect(ready.status).toBe(200);
    expect(await ready.json()).toMatchObject({
      notes: { boundaries: expect.stringContaining('open') as string },
    });
    for (const text of ['', '{', '{"type":"FeatureCollection","features":[]}', country(2).slice(0, -50)]) {
      o.write(text);
      expect((await o.reload()).status).toBe(422);
    }
    o.write(country(3));
    expect((await o.reload()).outcome.result).toBe('ok');
    expect(await (await fetch(o.url('/readyz'))).json()).not.toHaveProperty('notes');
    expect(await o.uri()).toBe('sip:v3@psap.example');
  });

  it('that many ask for at once come once, or twice', async () => {
    const o = await start();
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => o.reload()));
    expect(outcomes.every((r) => r.status === 200)).toBe(true);
    await expect.poll(() => o.events.length).toBeGreaterThan(0);
    expect(o.events.length).toBeLessThanOrEqual(3);
  });

  it('come when the process is told by SIGHUP', async () => {
    const o = await start();
    o.write(country(4));
    process.emit('SIGHUP', 'SIGHUP');
    await expect.poll(() => o.uri(), { timeout: 10_000 }).toBe('sip:v4@psap.example');
    await expect.poll(() => o.events).toMatchObject([{ trigger: 'signal', result: 'ok' }]);
    const listening = process.listenerCount('SIGHUP');
    await o.ecrf.close();
    expect(process.listenerCount('SIGHUP')).toBe(listening - 1);
  });

  it('come when the file changes, if told to watch', async () => {
    const o = await start({ reload: { watch: true, debounce: '50 ms' } });
    o.write(country(5));
    await expect.poll(() => o.uri(), { timeout: 10_000 }).toBe('sip:v5@psap.example');
    expect(o.events[0]).toMatchObject({ trigger: 'file', result: 'ok' });
  });
});

describe('who may ask for new boundaries', () => {
  const peers = { addresses: ['192.0.2.7'], names: ['gis.example'] };
  const may = (remoteAddress: string, clientNames: string[] = [], headers = {}): boolean =>
    mayReload({ remoteAddress, clientNames, headers }, peers);

  it('is this machine, a peer that is named, and no web page', () => {
    expect(
      ['127.0.0.1', '::1', '::ffff:127.0.0.1', '192.0.2.7', '::ffff:192.0.2.7'].map((a) => may(a)),
    ).toEqual(Array(5).fill(true));
    expect(['192.0.2.8', '::ffff:192.0.2.8', '', '2001:db8::1'].map((a) => may(a))).toEqual(
      Array(4).fill(false),
    );
    expect(may('192.0.2.8', ['gis.example'])).toBe(true);
    expect(may('192.0.2.8', ['other.example'])).toBe(false);
    expect(may('127.0.0.1', [], { origin: 'https://evil.example' })).toBe(false);
  });

  it('is told 403 and 405 otherwise, and may look at the last outcome', async () => {
    const o = await start();
    expect(await (await fetch(o.url('/reload'))).json()).toEqual({ last: null });
    expect((await o.reload()).status).toBe(200);
    expect(await (await fetch(o.url('/reload'))).json()).toMatchObject({
      last: { result: 'ok', boundaries: 200 },
    });
    expect((await fetch(o.url('/reload'), { method: 'DELETE' })).status).toBe(405);
    const status = await new Promise((resolve) => {
      const request = httpRequest(
        o.url('/reload'),
        { method: 'POST', headers: { origin: 'https://evil.example' } },
        (response) => {
          response.resume();
          resolve(response.statusCode);
        },
      );
      request.end();
    });
    expect(status).toBe(403);
  });
});
