import type { DeviceIdentity } from '@esinet/held';
import { describe, expect, it } from 'vitest';
import { asked, caller, start } from './lis-fixture.js';
import { lisConfigSchema } from './lis-config.js';
import { type Requester, ThirdParties } from './third-parties.js';

const psap: Requester = { address: '203.0.113.9', names: ['URI:sip:psap.esinet.lab'] };
const uri = (value: string): DeviceIdentity => ({ kind: 'uri', value });

function allowed(rules: unknown[], identities: DeviceIdentity[], requester = psap): string {
  const parties = new ThirdParties(lisConfigSchema.parse({ thirdParties: rules }).thirdParties);
  const allowance = parties.allowance(requester, identities);
  return allowance
    ? [allowance.value && 'value', allowance.reference && 'reference'].filter(Boolean).join(' ')
    : 'no';
}

describe('an agreement with third parties', () => {
  it('names who, in which form', { meta: { clause: 'RFC 6155 4.2' } }, () => {
    const any = [uri('sip:ana@provider.lab')];
    expect(allowed([], any)).toBe('no');
    expect(allowed(['URI:sip:psap.esinet.lab'], any)).toBe('value reference');
    expect(allowed(['203.0.113.0/24'], any)).toBe('value reference');
    expect(allowed([{ peers: ['203.0.113.9'], give: ['reference'] }], any)).toBe('reference');
    expect(allowed([{ peers: ['198.51.100.1'] }], any)).toBe('no');
    // Several agreements add up.
    expect(
      allowed(
        [
          { peers: ['203.0.113.9'], give: ['reference'] },
          { peers: psap.names, give: ['value'] },
        ],
        any,
      ),
    ).toBe('value reference');
  });

  it('can be for some identifiers only', { meta: { clause: 'RFC 6155 4.2' } }, () => {
    const kinds = [{ peers: psap.names, kinds: ['msisdn', 'uri'] }];
    expect(allowed(kinds, [uri('sip:ana@provider.lab')])).not.toBe('no');
    expect(allowed(kinds, [{ kind: 'ip', value: '192.0.2.1' }])).toBe('no');
    expect(allowed(kinds, [uri('sip:ana@provider.lab'), { kind: 'ip', value: '192.0.2.1' }])).toBe('no');
    const patterns = [{ peers: psap.names, identifiers: ['uri:sip:*@provider.lab', 'msisdn:34*'] }];
    expect(allowed(patterns, [uri('SIP:ana@PROVIDER.lab')])).not.toBe('no');
    expect(allowed(patterns, [uri('sip:ana@provider.lab.evil.example')])).toBe('no');
    expect(allowed(patterns, [uri('sip:ana@evil.example')])).toBe('no');
    expect(allowed(patterns, [{ kind: 'msisdn', value: '34600000000' }])).not.toBe('no');
    expect(allowed(patterns, [{ kind: 'msisdn', value: '49600000000' }])).toBe('no');
    expect(allowed([{ peers: psap.names, identifiers: ['a*b*b'] }], [uri('x:y')])).toBe('no');
    expect(
      allowed(
        [{ peers: psap.names, identifiers: [`uri:sip:${'*a'.repeat(200)}`] }],
        [uri(`sip:${'a'.repeat(500)}`)],
      ),
    ).not.toBe('no');
  });

  it(
    'by reference only gives no place by value',
    { meta: { clause: ['RFC 6155 4.2', 'RFC 5985 6.2.1'] } },
    async () => {
      const devices = [
        { identifiers: ['uri:sip:ana@provider.lab'], shape: { type: 'point', position: [2, 41] } },
      ];
      const lis = await start({ devices, thirdParties: [{ peers: ['127.0.0.1'], give: ['reference'] }] });
      for (const locationTypes of [['any'], ['geodetic'], ['civic', 'geodetic']] as const) {
        const answer = await asked(lis, { device: caller('ana'), locationTypes: [...locationTypes] });
        expect(answer.pidfLo).toBeUndefined();
        expect(answer.locationUris).toHaveLength(1);
      }
      await expect(
        asked(lis, { device: caller('ana'), locationTypes: ['geodetic'], exact: true }),
      ).rejects.toThrow('cannotProvideLiType');
      const byValue = await start({ devices, thirdParties: [{ peers: ['127.0.0.1'], give: ['value'] }] });
      const answer = await asked(byValue, { device: caller('ana') });
      expect([answer.locationUris, typeof answer.pidfLo]).toEqual([undefined, 'string']);
      await expect(
        asked(byValue, { device: caller('ana'), locationTypes: ['locationURI'], exact: true }),
      ).rejects.toThrow('cannotProvideLiType');
    },
  );
});

describe('a device behind a translated address', () => {
  it('is told from others by its port', { meta: { clause: ['RFC 6155 3.3', 'RFC 6915 3'] } }, async () => {
    const behind = (port: number, lon: number): object => ({
      identifiers: [`ip:192.0.2.75;udpport=${port}`],
      shape: { type: 'point', position: [lon, 41] },
    });
    const lis = await start({ devices: [behind(5_060, 1), behind(5_061, 2)] });
    const ip: DeviceIdentity = { kind: 'ip', value: '192.0.2.75', version: '4' };
    const port = (value: string): DeviceIdentity => ({ kind: 'udpport', value });
    const one = await asked(lis, { device: [ip, port('5060')] });
    expect(one.pidfLo).toContain('41 1<');
    expect(one.device).toEqual([ip, port('5060')]);
    const flow = { address: '192.0.2.75', port: 5_061, transport: 'udp' } as const;
    expect((await asked(lis, { flow })).pidfLo).toContain('41 2<');
    for (const device of [[ip], [ip, port('5062')], [ip, { kind: 'tcpport', value: '5060' } as const]])
      await expect(asked(lis, { device })).rejects.toThrow('locationUnknown');
    await expect(asked(lis, { device: [port('5060')] })).rejects.toThrow('badIdentifier');
  });
});
