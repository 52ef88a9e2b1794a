import { ManualClock } from '@esinet/kernel';
import { MemoryStore, type RunningElement } from '@esinet/platform';
import { describe, expect, it } from 'vitest';
import { api, asked, caller, placeAt, reference, start } from './lis-fixture.js';
import { LIS } from './lis.module.js';
import type { Lis } from './lis.js';

const van = { identifiers: ['uri:sip:van@provider.lab'], method: 'GPS' };
const at = (lon: number, radius = 10): object => ({
  shape: { type: 'circle', center: [lon, 40], radius },
});

async function lisWithVan(config: object = {}): Promise<{ lis: RunningElement; clock: ManualClock }> {
  const clock = new ManualClock();
  const lis = await start(config, { clock, store: new MemoryStore({ clock }) });
  expect((await api(lis, 'PUT', '/api/devices/van', { ...van, ...at(1) })).status).toBe(201);
  return { lis, clock };
}

const lonAt = async (uri: string): Promise<number | undefined> => {
  const shape = (await placeAt(uri))?.shapes[0];
  return shape?.type === 'circle' ? shape.center[0] : undefined;
};

describe('a location URI', () => {
  it(
    'follows the device, or is frozen where that is wanted',
    { meta: { clause: 'RFC 5985 6.5.1' } },
    async () => {
      const { lis, clock } = await lisWithVan();
      const moving = await reference(lis, { device: caller('van') });
      const frozen = await reference(lis, { device: caller('van'), reference: { snapshot: true } });
      const before = new Date(clock.wall()).toISOString();
      clock.advance(60_000);
      expect((await api(lis, 'PUT', '/api/devices/van/position', at(2))).status).toBe(204);
      expect([await lonAt(moving.uri), await lonAt(frozen.uri)]).toEqual([2, 1]);
      // Marked by when it was true.
      expect((await placeAt(frozen.uri))?.timestamp).toBe(before);
      const { lis: other } = await lisWithVan({ uriSnapshot: true });
      const byDefault = await reference(other, { device: caller('van') });
      await api(other, 'PUT', '/api/devices/van/position', at(2));
      expect(await lonAt(byDefault.uri)).toBe(1);
    },
  );

  it('lasts as long as was asked for, within limits', { meta: { clause: 'RFC 5985 6.5.2' } }, async () => {
    const { lis, clock } = await lisWithVan({ uriExpiresMin: '10 min', uriExpiresMax: '2 h' });
    const lasts = async (expires?: number): Promise<number> => {
      const wishes = expires === undefined ? {} : { reference: { expires } };
      const answer = await reference(lis, { device: caller('van'), ...wishes });
      return Date.parse(answer.expires ?? '') - clock.wall();
    };
    expect(await lasts()).toBe(30 * 60_000);
    expect(await lasts(60 * 60_000)).toBe(60 * 60_000);
    expect(await lasts(1_000)).toBe(10 * 60_000);
    expect(await lasts(86_400_000)).toBe(2 * 60 * 60_000);
  });

  it('is good for so many dereferences', { meta: { clause: 'RFC 5985 6.5.1' } }, async () => {
    const { lis } = await lisWithVan({ uriUses: 3 });
    const two = await reference(lis, { device: caller('van'), reference: { uses: 2 } });
    expect((await fetch(two.uri, { method: 'HEAD' })).status).toBe(200);
    expect([await lonAt(two.uri), await lonAt(two.uri), await lonAt(two.uri)]).toEqual([1, 1, undefined]);
    const three = await reference(lis, { device: caller('van'), reference: { uses: 100 } });
    const seen = await Promise.all([1, 2, 3, 4, 5].map(() => lonAt(three.uri)));
    expect(seen.filter((lon) => lon === 1)).toHaveLength(3);
  });

  it(
    'is listed without what opens it, and revoked one by one or all',
    { meta: { clause: 'RFC 5985 9.3' } },
    async () => {
      const { lis, clock } = await lisWithVan();
      const uris = [];
      for (let i = 0; i < 3; i += 1) uris.push((await reference(lis, { device: caller('van') })).uri);
      const text = await (await api(lis, 'GET', '/api/devices/van/location-uris')).text();
      for (const uri of uris) expect(text).not.toContain(uri.slice(uri.lastIndexOf('/') + 1));
      const { locationUris } = JSON.parse(text) as { locationUris: { id: string }[] };
      expect(locationUris).toHaveLength(3);
      const one = `/api/devices/van/location-uris/${locationUris[0]?.id}`;
      expect((await api(lis, 'DELETE', one)).status).toBe(204);
      expect((await api(lis, 'DELETE', one)).status).toBe(404);
      expect(await Promise.all(uris.map(lonAt))).toEqual([undefined, 1, 1]);
      clock.advance(1);
      expect((await api(lis, 'DELETE', '/api/devices/van/location-uris')).status).toBe(204);
      expect(await Promise.all(uris.map(lonAt))).toEqual([undefined, undefined, undefined]);
      expect(await lonAt((await reference(lis, { device: caller('van') })).uri)).toBe(1);
    },
  );

  it(
    'does not open a device of the same name that came later',
    { meta: { clause: 'RFC 5985 9.3' } },
    async () => {
      const { lis, clock } = await lisWithVan();
      const { uri } = await reference(lis, { device: caller('van') });
      expect(await lonAt(uri)).toBe(1);
      await api(lis, 'DELETE', '/api/devices/van');
      clock.advance(1);
      await api(lis, 'PUT', '/api/devices/van', { ...van, ...at(2) });
      expect(await lonAt(uri)).toBeUndefined();
    },
  );

  it('is not given beyond the number a device may have', async () => {
    const { lis, clock } = await lisWithVan({ urisPerDevice: 2 });
    await reference(lis, { device: caller('van') });
    await reference(lis, { device: caller('van') });
    await expect(reference(lis, { device: caller('van') })).rejects.toThrow('generalLisError');
    expect(await asked(lis, { device: caller('van') })).toMatchObject({ pidfLo: expect.any(String) });
    clock.advance(31 * 60_000);
    await reference(lis, { device: caller('van') });
  });

  it('comes with those of other protocols', { meta: { clause: 'RFC 5985 6.5' } }, async () => {
    const { lis } = await lisWithVan();
    lis.get<Lis>(LIS).offerUris((token) => [`sip:${token}@lis.example`]);
    const { locationUris = [] } = await reference(lis, { device: caller('van') });
    const token = locationUris[0]?.split('/').at(-1) ?? '';
    expect(locationUris.slice(1)).toEqual([`sip:${token}@lis.example`]);
  });
});

describe('who watches a location URI', () => {
  it('is told of every change', { meta: { clause: 'RFC 5985 6.5.1' } }, async () => {
    const { lis, clock } = await lisWithVan();
    const element = lis.get<Lis>(LIS);
    const { uri } = await reference(lis, { device: caller('van') });
    const token = uri.split('/').at(-1) ?? '';
    const anybody = { address: '203.0.113.1' };
    let told = 0;
    const unwatch = await element.watch(token, () => (told += 1));
    expect(await element.presenceOf(token, anybody)).toMatchObject({
      document: expect.stringContaining('40 1'),
      expires: clock.wall() + 30 * 60_000,
    });
    await api(lis, 'PUT', '/api/devices/van/position', { ...at(2), ttl: 60 });
    expect(told).toBe(1);
    expect(await element.presenceOf(token, anybody)).toMatchObject({ placeExpires: clock.wall() + 60_000 });
    clock.advance(60_000);
    expect(await element.presenceOf(token, anybody)).toBeUndefined();
    await api(lis, 'DELETE', '/api/devices/van');
    expect(told).toBeGreaterThan(1);
    const before = told;
    unwatch?.();
    await api(lis, 'PUT', '/api/devices/van', { ...van, ...at(2) });
    expect(told).toBe(before);
    expect(await element.watch('a'.repeat(26), () => undefined)).toBeUndefined();
    expect(await element.presenceOf('a'.repeat(26), anybody)).toBeUndefined();
  });
});
