import { ManualClock } from '@esinet/kernel';
import { MemoryStore, type RunningElement } from '@esinet/platform';
import { describe, expect, it } from 'vitest';
import { api, asked, caller, placeAt, reference, start } from './lis-fixture.js';
import { LIS } from './lis.module.js';
import type { Lis } from './lis.js';

const TYPE = 'application/auth-policy+xml';
const NS = 'urn:ietf:params:xml:ns:';
const policy = (conditions: string, transformations = '<gp:provide-location/>'): string =>
  `<ruleset xmlns="${NS}common-policy" xmlns:gp="${NS}geolocation-policy" xmlns:lp="${NS}basic-location-profiles">` +
  `<rule id="a"><conditions>${conditions}</conditions><actions/><transformations>${transformations}</transformations></rule></ruleset>`;
const empty = `<ruleset xmlns="${NS}common-policy"/>`;

const own = {
  id: 'here',
  identifiers: ['ip:127.0.0.1', 'uri:sip:caller1@provider.lab'],
  shape: { type: 'circle', center: [-3.7038, 40.4168], radius: 30 },
  civic: { country: 'ES', A1: 'Madrid', A3: 'Madrid', RD: 'Alcalá', HNO: '1', FLR: '3' },
};

async function begin(config: object = {}): Promise<{ lis: RunningElement; clock: ManualClock }> {
  const clock = new ManualClock();
  const lis = await start({ devices: [own], ...config }, { clock, store: new MemoryStore({ clock }) });
  return { lis, clock };
}

const put = (uri: string, body: string, type = TYPE): Promise<Response> =>
  fetch(uri, { method: 'PUT', body, headers: { 'content-type': type } });

describe('a policy URI', () => {
  it(
    'comes with a location URI where it is asked for, and shows the policy in force',
    { meta: { clause: ['RFC 7199 3.1', 'RFC 7199 3.2', 'RFC 7199 4.1'] } },
    async () => {
      const { lis, clock } = await begin();
      expect((await reference(lis)).policyUri).toBeUndefined();
      const { policyUri = '', uri } = await reference(lis, { policyUri: true });
      expect(policyUri).toMatch(/\/policy\/[a-z0-9]{26}$/);
      expect(policyUri.slice(-26)).not.toBe(uri.slice(-26));
      const response = await fetch(policyUri);
      expect([response.status, response.headers.get('content-type')]).toEqual([200, TYPE]);
      expect(response.headers.get('cache-control')).toContain('no-store');
      const until = new Date(clock.wall() + 30 * 60_000).toISOString();
      expect(await response.text()).toContain(`<until>${until}</until>`);
      expect(await placeAt(uri)).toBeDefined();
      clock.advance(30 * 60_000);
      expect((await fetch(policyUri)).status).toBe(404);
      expect((await put(policyUri, empty)).status).toBe(404);
    },
  );

  it('is for the device alone', { meta: { clause: 'RFC 7199 3.2' } }, async () => {
    const other = { ...own, id: 'there', identifiers: ['uri:sip:there@provider.lab'] };
    const { lis } = await begin({ devices: [own, other], policyUris: 'always' });
    expect((await reference(lis)).policyUri).toBeDefined();
    expect((await reference(lis, { device: caller('there'), policyUri: true })).policyUri).toBeUndefined();
    expect((await asked(lis, { locationTypes: ['geodetic'], policyUri: true })).policyUri).toBeUndefined();
  });

  it(
    'takes another policy, which holds from then on',
    { meta: { clause: ['RFC 7199 3.1', 'RFC 7199 3.3'] } },
    async () => {
      const { lis } = await begin();
      const { policyUri = '', uri } = await reference(lis, { policyUri: true });
      expect((await put(policyUri, empty)).status).toBe(200);
      expect(await (await fetch(policyUri)).text()).toBe(empty);
      expect(await placeAt(uri)).toBeUndefined();
      const city =
        '<gp:provide-location profile="civic-transformation"><lp:provide-civic>city</lp:provide-civic></gp:provide-location>' +
        '<gp:set-retransmission-allowed>true</gp:set-retransmission-allowed><gp:set-retention-expiry>60</gp:set-retention-expiry>';
      expect((await put(policyUri, policy('', city))).status).toBe(200);
      const place = await placeAt(uri);
      expect(place?.shapes).toEqual([]);
      expect(place?.civics[0]?.elements.map(({ name }) => name)).toEqual(['country', 'A1', 'A3']);
      expect(place?.retransmissionAllowed).toBe(true);
      expect(Date.parse(place?.retentionExpiry ?? '')).toBe(Date.parse(place?.timestamp ?? '') + 60_000);
      expect((await fetch(policyUri, { method: 'DELETE' })).status).toBe(200);
      expect((await fetch(policyUri)).status).toBe(404);
      expect(await placeAt(uri)).toBeUndefined();
      expect((await put(policyUri, policy(''))).status).toBe(200);
      expect(await placeAt(uri)).toBeDefined();
    },
  );

  it(
    'can grant by who asks',
    { meta: { clause: ['RFC 4745 7.1', 'RFC 6753 4.2', 'RFC 6753 4.3'] } },
    async () => {
      const { lis } = await begin();
      const { policyUri = '', uri } = await reference(lis, { policyUri: true });
      await put(policyUri, policy('<identity><one id="sip:psap@esinet.lab"/></identity>'));
      expect(await placeAt(uri)).toBeUndefined();
      const token = uri.slice(-26);
      const element = lis.get<Lis>(LIS);
      const psap = { address: '203.0.113.1', names: ['URI:sip:psap@esinet.lab'] };
      expect(await element.dereference(token, psap)).toMatchObject({ type: 'locationResponse' });
      expect(await element.dereference(token, { ...psap, names: ['URI:sip:x@esinet.lab'] })).toMatchObject({
        code: 'locationUnknown',
      });
    },
  );

  it(
    'hides the place within a radius, the same however often it is asked',
    { meta: { clause: 'RFC 7199 5.1' } },
    async () => {
      const { lis, clock } = await begin();
      const { policyUri = '', uri } = await reference(lis, { policyUri: true });
      const geo =
        '<gp:provide-location profile="geodetic-transformation"><lp:provide-geo radius="5000"/></gp:provide-location>';
      await put(policyUri, policy('', geo));
      const first = await placeAt(uri);
      expect(first?.civics).toEqual([]);
      expect(first?.shapes[0]).toMatchObject({ type: 'circle', radius: 5_000 });
      clock.advance(1);
      await api(lis, 'PUT', '/devices/here/position', {
        shape: { type: 'circle', center: [-3.70381, 40.41681], radius: 30 },
      });
      expect((await placeAt(uri))?.shapes).toEqual(first?.shapes);
    },
  );

  it('refuses what is no policy', { meta: { clause: 'RFC 7199 3.1' } }, async () => {
    const { lis } = await begin();
    const { policyUri = '', uri } = await reference(lis, { policyUri: true });
    expect((await put(policyUri, 'no')).status).toBe(400);
    expect((await put(policyUri, `<!DOCTYPE a>${empty}`)).status).toBe(400);
    expect((await put(policyUri, empty, 'text/xml')).status).toBe(415);
    expect((await put(policyUri, `${empty}${' '.repeat(20_000)}`)).status).toBe(413);
    expect((await fetch(policyUri, { method: 'POST', body: empty })).status).toBe(405);
    for (const path of ['', 'a'.repeat(26), '%00', 'a/b', '../held'])
      expect(
        (await fetch(`${policyUri.slice(0, -26)}${path}`, { method: 'PUT', body: empty })).status,
      ).not.toBe(200);
    expect(await placeAt(uri)).toBeDefined();
  });

  it('is not changed where somebody could read along', { meta: { clause: 'RFC 7199 7.2' } }, async () => {
    const { lis } = await begin({ safeNetworks: ['192.0.2.0/24'] });
    const { policyUri = '' } = await reference(lis, { policyUri: true });
    expect((await fetch(policyUri)).status).toBe(200);
    expect((await put(policyUri, empty)).status).toBe(403);
    expect((await fetch(policyUri, { method: 'DELETE' })).status).toBe(403);
  });

  it('is never given where there are none', { meta: { clause: 'RFC 7199 3.2' } }, async () => {
    const { lis } = await begin({ policyUris: 'never' });
    expect((await reference(lis, { policyUri: true })).policyUri).toBeUndefined();
  });
});
