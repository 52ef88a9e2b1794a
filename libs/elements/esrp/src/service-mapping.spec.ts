import { ManualClock, err, ok } from '@esinet/kernel';
import { readPidfLo, writePidfLo } from '@esinet/location';
import { type FindServiceRequest, type LostAnswer, writeLostRequest } from '@esinet/lost';
import { describe, expect, it } from 'vitest';
import { deps, fakeHeld, fakeLost, found, mapping } from './esrp-fixture.js';
import { serviceMapping } from './service-mapping.js';

const civic = {
  lang: 'es',
  elements: [
    { name: 'country', value: 'ES' },
    { name: 'RD', value: 'Alcalá' },
    { name: 'STP', value: 'Calle', uri: 'urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr:ext' },
    { name: 'lamp', value: '2471', uri: 'http://posts.example/ns' },
  ],
};

function both() {
  const read = readPidfLo(
    writePidfLo({
      entity: 'pres:a@b',
      shape: { type: 'point', position: [-30, 40] },
      civic,
      timestamp: '2026-01-01T00:00:00Z',
      retentionExpiry: '2026-01-02T00:00:00Z',
    }),
  );
  if (!read.ok) throw new Error(read.error.message);
  return read.value;
}

const notFound: LostAnswer = { type: 'errors', source: 'x', errors: [{ code: 'notFound', message: '' }] };

describe('a geodetic and a civic location', () => {
  const profileOf = (request: FindServiceRequest): string => request.locations.map((l) => l.profile).join();

  it(
    'are two questions, the second where the first finds nothing',
    { meta: { clause: 'RFC 5222 12.1' } },
    async () => {
      const lost = fakeLost();
      const use = deps(new ManualClock(), { lost, held: fakeHeld() });
      lost.answer = (request) =>
        Promise.resolve(
          ok(request.type === 'findService' && profileOf(request) === 'civic' ? found(mapping) : notFound),
        );
      expect(await serviceMapping('urn:service:sos', both(), 1_000, use)).toMatchObject({
        how: 'lost',
        uris: mapping.uris,
      });
      expect(lost.asked.map(profileOf)).toEqual(['geodetic-2d', 'civic']);
      // All that the address says, extensions too.
      const asked = lost.asked[1];
      expect(asked && writeLostRequest(asked)).toContain(
        '<civicAddress xmlns="urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr" xml:lang="es"><country>ES</country>' +
          '<RD>Alcalá</RD><STP xmlns="urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr:ext">Calle</STP>' +
          '<lamp xmlns="http://posts.example/ns">2471</lamp></civicAddress>',
      );
    },
  );

  it(
    'are one where the first has a mapping, or nobody answers',
    { meta: { clause: 'RFC 5222 12.1' } },
    async () => {
      const lost = fakeLost();
      const use = deps(new ManualClock(), { lost, held: fakeHeld() });
      lost.answer = () => Promise.resolve(ok(found(mapping)));
      await serviceMapping('urn:service:sos', both(), 1_000, use);
      lost.answer = () => Promise.resolve(err({ code: 'timeout', message: '' } as never));
      expect(await serviceMapping('urn:service:sos', both(), 1_000, use)).toMatchObject({
        how: 'none',
        failure: { cause: 504 },
      });
      expect(lost.asked.map(profileOf)).toEqual(['geodetic-2d', 'geodetic-2d']);
    },
  );

  it('find nothing with the failure of the one that counts', async () => {
    const lost = fakeLost();
    const use = deps(new ManualClock(), { lost, held: fakeHeld() });
    lost.answer = () => Promise.resolve(ok(notFound));
    expect(await serviceMapping('urn:service:sos', both(), 1_000, use)).toEqual({
      how: 'none',
      failure: { cause: 404, text: 'lost: notFound' },
    });
  });
});
