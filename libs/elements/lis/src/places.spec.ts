import { ManualClock } from '@esinet/kernel';
import { MemoryStore, type RunningElement } from '@esinet/platform';
import { readPidfLo, type PidfLo } from '@esinet/location';
import type { LocationRequest } from '@esinet/held';
import { describe, expect, it } from 'vitest';
import { asked, start } from './lis-fixture.js';
import { placeOf, placeSchema, shownPlace } from './place-schema.js';
import { type Place, placesNow } from './place.js';

const circle = (radius: number, lon = 2): object => ({
  type: 'circle',
  center: [lon, 41],
  radius,
});
const place = (input: object): Place => placeOf(placeSchema.parse(input), 0);

async function seen(
  device: object,
  config: object = {},
  more: Partial<LocationRequest> = {},
): Promise<PidfLo> {
  const { lis } = await lisWith(device, config);
  return pidfOf(lis, more);
}

async function lisWith(
  device: object,
  config: object = {},
): Promise<{ lis: RunningElement; clock: ManualClock }> {
  const clock = new ManualClock();
  const devices = [{ identifiers: ['ip:127.0.0.1'], ...device }];
  return { lis: await start({ devices, ...config }, { clock, store: new MemoryStore({ clock }) }), clock };
}

async function pidfOf(lis: RunningElement, more: Partial<LocationRequest> = {}): Promise<PidfLo> {
  const read = readPidfLo((await asked(lis, more)).pidfLo ?? '');
  if (!read.ok) throw new Error(read.error.code);
  return read.value;
}

describe('a place', () => {
  it(
    'keeps what was provisioned with it',
    { meta: { clause: ['RFC 7459 4.2', 'RFC 4119 2.2.2', 'RFC 4119 2.2.3', 'RFC 7852 6.2'] } },
    async () => {
      const told = await seen({
        shape: circle(50),
        confidence: { value: 67.5, pdf: 'normal' },
        method: 'Cell',
        timestamp: '2026-01-01T10:00:00Z',
        retransmissionAllowed: true,
        providedBy: 'https://provider.example/info',
      });
      expect(told).toMatchObject({
        locations: [{ confidence: { value: 67.5, pdf: 'normal' } }],
        method: 'Cell',
        timestamp: '2026-01-01T10:00:00.000Z',
        retransmissionAllowed: true,
      });
      expect(told.providedBy).toContain('https://provider.example/info');
      const plain = await seen(
        { shape: circle(50) },
        { providedBy: 'https://lis.example/us', retransmissionAllowed: false },
      );
      expect(plain.locations[0]?.confidence).toEqual({ value: 95 });
      expect(plain.providedBy).toContain('https://lis.example/us');
      expect(plain.retransmissionAllowed).toBe(false);
      expect((await seen({ shape: circle(5), confidence: 'unknown' })).locations[0]?.confidence).toEqual({
        value: 'unknown',
      });
      const point = await seen({ shape: { type: 'point', position: [2, 41] }, confidence: 50 });
      expect(point.locations[0]?.confidence).toBeUndefined();
    },
  );

  it(
    'expires, and what does not stays, or the last one for a while, marked by its time',
    { meta: { clause: ['RFC 5985 6.3', 'RFC 5985 9.3'] } },
    async () => {
      const fix = { shape: circle(5), method: 'GPS', ttl: 60, timestamp: '2026-01-01T11:59:59Z' };
      const first = await lisWith(fix);
      expect((await pidfOf(first.lis)).method).toBe('GPS');
      first.clock.advance(60_000);
      await expect(asked(first.lis)).rejects.toThrow('locationUnknown');
      await expect(asked(first.lis, { locationTypes: ['locationURI'] })).rejects.toThrow('locationUnknown');

      const coarse = { civic: { country: 'ES', A1: 'Barcelona' }, method: 'Manual' };
      const second = await lisWith({ ...fix, alternatives: [coarse] });
      expect((await pidfOf(second.lis)).locations.map(({ kind }) => kind)).toEqual(['geodetic', 'civic']);
      second.clock.advance(60_000);
      expect((await pidfOf(second.lis)).method).toBe('Manual');

      const third = await lisWith(fix, { keepLapsed: '10 min' });
      third.clock.advance(5 * 60_000);
      expect(await pidfOf(third.lis)).toMatchObject({ method: 'GPS', timestamp: '2026-01-01T11:59:59.000Z' });
      third.clock.advance(6 * 60_000);
      await expect(asked(third.lis)).rejects.toThrow('locationUnknown');
    },
  );

  it('that is the most precise comes first', { meta: { clause: 'RFC 5491 3 rule 8' } }, async () => {
    const told = await seen({ shape: circle(500), alternatives: [{ shape: circle(10), method: 'GPS' }] });
    expect(told.shapes).toMatchObject([{ radius: 10 }, { radius: 500 }]);
    expect(told.method).toBe('GPS');
    // Two places are not one: the finer alone.
    const apart = await seen({ shape: circle(500), alternatives: [{ shape: circle(10, 3) }] });
    expect(apart.shapes).toMatchObject([{ radius: 10 }]);
  });

  it(
    'has an address in its own tuple where that is coarser than the area',
    { meta: { clause: ['RFC 5491 3 rule 2', 'RFC 5491 3 rule 7'] } },
    async () => {
      const { lis } = await lisWith({ shape: circle(10), civic: { country: 'ES' } });
      expect(((await asked(lis)).pidfLo ?? '').match(/<tuple /g)).toHaveLength(2);
      const { lis: fine } = await lisWith({
        shape: circle(10),
        civic: { country: 'ES', HNO: '4', FLR: '3' },
      });
      const { pidfLo = '' } = await asked(fine);
      expect(pidfLo.match(/<tuple /g)).toHaveLength(1);
      expect(pidfLo.indexOf('Circle')).toBeLessThan(pidfLo.indexOf('civicAddress'));
    },
  );

  it('is the best that there is in the time asked for', { meta: { clause: 'RFC 5985 6.1' } }, () => {
    const slow = place({ shape: circle(5), delayMs: 8_000 });
    const fast = place({ shape: circle(900) });
    const choose = (places: Place[], waitMs?: number): unknown => {
      const chosen = placesNow(places, 0, { waitMs, lapsedMs: 0 });
      return typeof chosen === 'object' ? [chosen.places.length, chosen.delayMs] : chosen;
    };
    expect(choose([slow, fast], 2_000)).toEqual([1, 0]);
    expect(choose([slow, fast], 10_000)).toEqual([2, 8_000]);
    expect(choose([slow, fast])).toEqual([2, 8_000]);
    expect(choose([slow], 2_000)).toBe('late');
    expect(choose([place({ shape: circle(5), ttl: 1 })], 0)).toEqual([1, 0]);
    expect(placesNow([place({ shape: circle(5), ttl: 1 })], 1_000, { lapsedMs: 0 })).toBeUndefined();
  });

  it('may have elements that others defined', { meta: { clause: 'RFC 6848 3.1' } }, async () => {
    const civic = { country: 'ES', '{urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr:ext}MP': '3' };
    const told = await seen({ civic });
    expect(told.civics[0]?.elements).toEqual([
      { name: 'country', value: 'ES' },
      { name: 'MP', value: '3', uri: 'urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr:ext' },
    ]);
    expect(shownPlace(place({ civic })).civic).toEqual(civic);
  });

  it('is nothing that is none', () => {
    for (const bad of [
      {},
      { shape: { type: 'point', position: [NaN, 0] } },
      { shape: { type: 'point', position: [0, Infinity] } },
      { shape: circle(5), expires: '2026-01-01T00:00:00Z', ttl: 5 },
      { civic: { country: 'es' } },
      { civic: { country: 'ES', MP: '3' } },
      { civic: { '{urn:x}a b': '3' } },
      { shape: { type: 'ellipse', center: [0, 0], semiMajor: 1, semiMinor: 2, orientation: 0 } },
      {
        shape: {
          type: 'arcband',
          center: [0, 0],
          innerRadius: 2,
          outerRadius: 1,
          startAngle: 0,
          openingAngle: 9,
        },
      },
      { shape: circle(5), ttl: 0 },
      { shape: circle(5), confidence: 0 },
      { shape: circle(5), confidence: 100 },
      { shape: circle(5), confidence: '95' },
      { shape: circle(5), timestamp: 'yesterday' },
      { shape: circle(5), providedBy: 'javascript:alert(1)' },
      { shape: { type: 'polygon', rings: [Array.from({ length: 100_000 }, () => [0, 0])] } },
    ])
      expect(placeSchema.safeParse(bad).success).toBe(false);
  });
});
