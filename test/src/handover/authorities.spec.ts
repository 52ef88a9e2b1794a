import type { TlsOptions } from '@esinet/platform';
import { until } from '@esinet/testing';
import { expect, it, onTestFinished } from 'vitest';
import { FarAuthority, type Mood } from './far-authority.js';
import { RunningHandover, fingerprintOf, order } from './running-handover.js';

/** What comes of a delivery when the other end is not as it should be. One house, a case for each. */

const chat = {
  ...{ chat: 'a', caller: 'tel:+34600000001', sender: 'sip:a@provider.lab' },
  ...{ startedAt: '2026-03-04T08:15:00.000Z', texts: ['fire on the stairs'] },
};

interface Entry {
  readonly kind: string;
  readonly state: string;
  readonly attempts: number;
  readonly reason?: string;
}

async function entriesOf(house: RunningHandover, id: string): Promise<readonly Entry[]> {
  return (await house.ask('clerk', 'GET', `cases/${id}/deliveries`)).json as unknown as Entry[];
}

const orderOf = (n: number, authority = 'pj') => ({
  ...order,
  authority,
  reference: { kind: 'LDID', value: `ES-PJ-${n}` },
});

it(
  'a delivery is repeated until the authority has said that it has it, and has one effect',
  {
    meta: {
      clause: ['TS 103 120 9.3.3', 'TS 103 707 6.2', 'TS 103 707 7'],
      shall: ['707:5.7-1', '707:6.1-2', '707:6.2-1', '707:7-1', '707:7-3', '707:7-4'],
    },
    timeout: 120_000,
  },
  async () => {
    const house = await RunningHandover.start([chat]);
    expect((await house.onboard()).status).toBe(200);
    const moods: readonly Mood[] = [
      ...(['500', 'html', 'empty', 'hang', 'cut', 'cut-after', 'other-transaction', 'half'] as const),
      ...(['other-object', 'error-3003'] as const),
    ];
    for (const [n, mood] of moods.entries()) {
      const { id, digest } = await house.sealed(orderOf(n));
      house.far.moods.push(mood);
      await house.approve(id, digest);
      await until(async () => (await house.phase(id)) === 'delivered');
      await until(async () => (await entriesOf(house, id)).every(({ state }) => state === 'delivered'));
      const [entry, ...more] = await entriesOf(house, id);
      expect([entry?.kind, more], mood).toEqual(['document', []]);
      expect(entry?.attempts, mood).toBeGreaterThanOrEqual(2);
      expect(
        house.far.effects.filter(({ reference }) => reference === `ES-PJ-${n}`),
        mood,
      ).toHaveLength(1);
    }
    expect(house.far.requests).toBeGreaterThanOrEqual(2 * moods.length);
    // 3010 before anything could have arrived is no delivery: somebody has used our identifier.
    const verdicts: readonly [code: number, state: string][] = [
      [3010, 'failed'],
      [3020, 'failed'],
      [3021, 'failed'],
      [4711, 'failed'],
    ];
    for (const [n, [code, state]] of verdicts.entries()) {
      const { id, digest } = await house.sealed(orderOf(100 + n));
      house.far.moods.push(`error-${code}`);
      await house.approve(id, digest);
      await until(async () => (await entriesOf(house, id))[0]?.state === state);
      expect(await entriesOf(house, id)).toMatchObject([{ attempts: 1, reason: `error-${code}` }]);
      expect(await house.phase(id)).toBe('sending');
    }
    // 3000 and 3004: nothing more until somebody has looked.
    const { id, digest } = await house.sealed(orderOf(200));
    house.far.moods.push('error-3004');
    await house.approve(id, digest);
    const paused = async (): Promise<boolean> =>
      (await house.ask('clerk', 'GET', 'authorities')).text.includes('error-3004');
    await until(paused);
    const before = house.far.requests;
    const readiness = await (await fetch(`${house.desk}/readyz`)).text();
    expect(readiness).toContain('paused');
    expect(house.far.requests).toBe(before);
    expect((await house.ask('admin', 'POST', 'authorities/pj/resume')).status).toBeLessThan(300);
    await until(async () => (await house.phase(id)) === 'delivered');
    expect(house.far.complaints).toEqual([]);
    expect(house.lines.join('')).not.toMatch(/words of theirs|fire on the stairs|34600000001/);
  },
);

it(
  'nothing leaves for a server that is not the one that was onboarded, or that speaks no TLS of today',
  { meta: { clause: 'TS 103 707 7', shall: ['707:7-2', '707:7-4', '707:7-5'] }, timeout: 120_000 },
  async () => {
    const house = await RunningHandover.start([chat]);
    const stranger = await RunningHandover.start([]);
    const pinned = fingerprintOf(house.theirs);
    const same = { names: ['IP:127.0.0.1'] };
    const own = (tls: TlsOptions, more: object = {}): TlsOptions => ({ ...tls, ...more });
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' };
    const weak = { maxVersion: 'TLSv1.2', ciphers: 'AES128-SHA' };
    const sides: readonly [
      id: string,
      tls: TlsOptions,
      certificates: readonly string[],
      delivers: boolean,
    ][] = [
      ['tls12', own(house.theirs, { maxVersion: 'TLSv1.2' }), [pinned], true],
      ['not-onboarded', own(await house.ca.issue(same)), [`${pinned.slice(0, -1)}0`], false],
      ['other-ca', own(stranger.theirs, { ca: house.own.ca }), [fingerprintOf(stranger.theirs)], false],
      ['expired', own(await house.ca.issue({ ...same, from: -9, until: -2 })), [], false],
      ['other-name', own(await house.ca.issue({ names: ['DNS:elsewhere.lab'] })), [], false],
      ['old-tls', own(await house.ca.issue(same), old), [], false],
      ['weak-tls', own(await house.ca.issue(same), weak), [], false],
    ];
    for (const [n, [id, tls, certificates, delivers]] of sides.entries()) {
      const far = await FarAuthority.open(tls);
      onTestFinished(() => far.close());
      const onboarded = await house.ask('admin', 'PUT', `authorities/${id}`, {
        name: id,
        profile: { specification: '1.5.1', sender: { countryCode: 'XX', uniqueIdentifier: 'psap-archive' } },
        deliveryUrl: `${far.url}/hi1`,
        certificates: certificates.length > 0 ? certificates : [fingerprintOf(tls)],
      });
      expect(onboarded.status, onboarded.text).toBe(200);
      const sealed = await house.sealed(orderOf(n, id));
      await house.approve(sealed.id, sealed.digest);
      if (delivers) {
        await until(async () => (await house.phase(sealed.id)) === 'delivered');
        expect(far.effects, id).toHaveLength(1);
        continue;
      }
      await until(async () => ((await entriesOf(house, sealed.id))[0]?.attempts ?? 0) >= 2);
      expect((await entriesOf(house, sealed.id))[0], id).toMatchObject({ state: 'waiting' });
      expect([far.requests, far.effects], id).toEqual([0, []]);
    }
  },
);
