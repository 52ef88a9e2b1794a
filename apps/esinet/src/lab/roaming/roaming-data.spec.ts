import { booleanPointInPolygon } from '@turf/boolean-point-in-polygon';
import { readConfig } from '@esinet/platform';
import { z } from 'zod';
import { describe, expect, it } from 'vitest';
import { portugalBoundaries } from './portugal.js';
import { roamingConfigs } from './roaming-config.js';
import { portugal, spain } from './site.js';
import { yamlText } from './yaml-text.js';

describe('the boundaries of the neighbour', () => {
  const { features } = portugalBoundaries('psap.portugal.internal');

  it.each([
    ['Lisboa', 38.7223, -9.1393, ['sul']],
    ['Porto', 41.1579, -8.6291, ['norte']],
    ['Coimbra', 40.2056, -8.4292, ['norte']],
    ['Faro', 37.0194, -7.9304, ['sul']],
    ['Funchal', 32.6669, -16.9241, ['madeira']],
    ['São Miguel', 37.78, -25.5, ['acores']],
    ['Madrid', 40.4168, -3.7038, []],
  ])('have %s in one centre at most', { meta: { clause: 'RFC 5222 8.2' } }, (_, lat, lon, slugs) => {
    const found = features.filter((f) => booleanPointInPolygon([lon, lat], f.geometry));
    expect(found.map((f) => f.properties['ServiceURI'])).toEqual(
      slugs.map((slug) => `sip:${slug}@psap.portugal.internal`),
    );
  });

  it('keep rings closed where the mainland is divided', { meta: { clause: 'RFC 7946 3.1.6' } }, () => {
    for (const ring of features.flatMap((f) => f.geometry.coordinates.flat())) {
      expect(ring.length).toBeGreaterThanOrEqual(4);
      expect(ring.at(-1)).toEqual(ring[0]);
    }
  });
});

it(
  'the configurations are the same when they are read from their files',
  { meta: { clause: 'TS 103 698 D.2' } },
  () => {
    const fingerprint = Array.from({ length: 32 }, () => 'A1').join(':');
    const configs = roamingConfigs({
      data: 'data/roaming: "a"',
      spain: spain(0),
      portugal: portugal(1_000),
      authorities: { spain: fingerprint, portugal: fingerprint },
    });
    for (const config of Object.values(configs)) {
      const read = readConfig(z.looseObject({}), yamlText(config), 'x.yaml');
      expect(read.ok && read.value.value).toEqual(JSON.parse(JSON.stringify(config)));
    }
  },
);
