import type { DeviceIdentity, LocationRequest, LocationType } from '@esinet/held';
import { describe, expect, it } from 'vitest';
import { chooseLocation, waitOf } from './choose-location.js';
import { type Device, Devices } from './device.js';
import { deviceOf, provisionSchema } from './device-schema.js';
import { type IdentifyRules, type Requester, identify } from './identify.js';
import { PeerList, isNetwork } from './peer-list.js';
import type { Place } from './place.js';
import { ThirdParties } from './third-parties.js';

function device(id: string, identifiers: string[], more: object = {}): Device {
  const shape = { type: 'point', position: [-3.7, 40.4] };
  return deviceOf(id, provisionSchema.parse({ identifiers, shape, ...more }));
}

const ana = device('ana', ['ip:192.0.2.5', 'uri:sip:ana@provider.lab', 'mac:A0-12-34-56-78-90']);
const ben = device('ben', ['ip:2001:db8::1', 'uri:sip:ben@provider.lab']);
const nat = device('nat', ['ip:192.0.2.9', 'udpport:5060']);

function rules(more: Partial<IdentifyRules> = {}): IdentifyRules {
  const devices = new Devices(10);
  for (const d of [ana, ben, nat]) devices.put(d);
  return {
    devices,
    thirdParties: new ThirdParties([
      { peers: ['198.51.100.0/24', 'URI:sip:esrp.esinet.lab'], give: ['value', 'reference'] },
    ]),
    accessNetwork: new PeerList([]),
    ...more,
  };
}

function ask(requester: Requester | string, identities: DeviceIdentity[] = [], o = rules()): string {
  const request: LocationRequest = {
    type: 'locationRequest',
    locationTypes: ['any'],
    exact: false,
    device: identities,
  };
  const found = identify(request, typeof requester === 'string' ? { address: requester } : requester, o);
  if (!found.ok) return `${found.error.code}: ${found.error.message}`;
  return `${found.value.device.id} by ${found.value.by.map((i) => i.kind).join(',')}${found.value.thirdParty ? ' for another' : ''}`;
}

const ip = (value: string): DeviceIdentity => ({ kind: 'ip', value });
const uri = (value: string): DeviceIdentity => ({ kind: 'uri', value });
const unknown = 'locationUnknown: no location known';
const denied = 'badIdentifier: identifier not usable by this requester';

describe('whose location', () => {
  it('is the one of the source address', { meta: { clause: 'RFC 5985 4.1' } }, () => {
    expect(ask('192.0.2.5')).toBe('ana by ');
    expect(ask('::ffff:192.0.2.5')).toBe('ana by ');
    expect(ask('2001:db8:0::1')).toBe('ben by ');
    expect(ask('192.0.2.6')).toBe(unknown);
    expect(ask('')).toBe(unknown);
  });

  it('is nobody of ours when asked from outside', { meta: { clause: 'RFC 5985 6.3' } }, () => {
    const o = rules({ accessNetwork: new PeerList(['192.0.2.0/24']) });
    expect(ask('203.0.113.1', [], o)).toMatch(/^notLocatable/);
    expect(ask('192.0.2.6', [], o)).toBe(unknown);
  });

  it('is told to authorised third parties', { meta: { clause: 'RFC 6155 4.2' } }, () => {
    expect(ask('198.51.100.7', [uri('sip:ben@provider.lab')])).toBe('ben by uri for another');
    const esrp = { address: '203.0.113.9', names: ['DNS:esrp.esinet.lab', 'URI:sip:esrp.esinet.lab'] };
    expect(ask(esrp, [ip('192.0.2.5'), uri('SIP:ana@PROVIDER.lab')])).toBe('ana by ip,uri for another');
    expect(ask('198.51.100.7', [uri('sip:nobody@provider.lab')])).toBe(unknown);
  });

  it(
    'is kept from everybody else, who cannot tell known from unknown',
    { meta: { clause: ['RFC 6155 4.2', 'RFC 6155 2.2'] } },
    () => {
      for (const identity of [
        uri('sip:ben@provider.lab'),
        uri('sip:nobody@provider.lab'),
        ip('2001:db8::1'),
        ip('192.0.2.77'),
      ]) {
        expect(ask('203.0.113.1', [identity])).toBe(denied);
        expect(ask('192.0.2.5', [identity])).toBe(denied);
      }
      expect(ask('203.0.113.1', [{ kind: 'other', value: 'x' }])).toBe(denied);
    },
  );

  it(
    'may be asked for by the device in its own names',
    { meta: { clause: ['RFC 6155 1.1', 'RFC 6155 4.1'] } },
    () => {
      expect(
        ask('192.0.2.5', [uri('sip:ana@provider.lab'), { kind: 'mac', value: 'a0-12-34-56-78-90' }]),
      ).toBe('ana by uri,mac');
      expect(ask('192.0.2.5', [ip('192.0.2.5')])).toBe('ana by ip');
      expect(ask('192.0.2.6', [ip('192.0.2.6')])).toBe(unknown);
    },
  );

  it('must be one device by all identifiers', { meta: { clause: 'RFC 6155 2.1' } }, () => {
    expect(ask('198.51.100.7', [ip('192.0.2.5'), uri('sip:ben@provider.lab')])).toBe(unknown);
    expect(ask('198.51.100.7', [ip('192.0.2.5'), uri('sip:nobody@provider.lab')])).toBe(unknown);
    expect(ask('192.0.2.5', [ip('192.0.2.5'), uri('sip:ben@provider.lab')])).toBe(denied);
  });

  it('needs more than a port', { meta: { clause: 'RFC 6155 3.3' } }, () => {
    const port = (value: string): DeviceIdentity => ({ kind: 'udpport', value });
    expect(ask('198.51.100.7', [port('5060')])).toMatch(/^badIdentifier/);
    expect(ask('198.51.100.7', [ip('192.0.2.9'), port('5060')])).toBe('nat by ip for another');
    expect(ask('198.51.100.7', [ip('192.0.2.9'), port('5061')])).toBe(unknown);
    expect(ask('198.51.100.7', [ip('192.0.2.5'), port('1')])).toBe('ana by ip for another');
  });
});

describe('which forms', () => {
  const geodetic = { shape: { type: 'point', position: [0, 0] } } as const;
  const both = { ...geodetic, civic: { elements: [{ name: 'country', value: 'ES' }] } };
  function choose(
    types: LocationType[],
    exact: boolean,
    of: Pick<Place, 'shape' | 'civic'>,
    uris = true,
  ): string {
    const chosen = chooseLocation({ locationTypes: types, exact }, [of], { uris });
    if (!chosen.ok) return chosen.error.code;
    return Object.entries(chosen.value)
      .flatMap(([name, yes]) => (yes ? [name] : []))
      .join(' ');
  }

  it('are all there are for any', { meta: { clause: 'RFC 5985 6.2' } }, () => {
    expect(choose(['any'], false, both)).toBe('geodetic civic uri');
    expect(choose(['any'], true, geodetic)).toBe('geodetic uri');
  });

  it('are the ones asked for, else another by value', { meta: { clause: 'RFC 5985 6.2' } }, () => {
    expect(choose(['civic'], false, both)).toBe('civic');
    expect(choose(['locationURI'], false, both)).toBe('uri');
    expect(choose(['civic'], false, geodetic)).toBe('geodetic');
    expect(choose(['civic', 'geodetic'], false, geodetic)).toBe('geodetic');
  });

  it('are exactly the ones asked for, or none', { meta: { clause: 'RFC 5985 6.2.1' } }, () => {
    expect(choose(['civic'], true, both)).toBe('civic');
    expect(choose(['geodetic', 'locationURI'], true, both)).toBe('geodetic uri');
    expect(choose(['civic'], true, geodetic)).toBe('cannotProvideLiType');
    expect(choose(['civic', 'geodetic'], true, geodetic)).toBe('cannotProvideLiType');
  });

  it('are never a URI behind a URI', { meta: { clause: 'RFC 6753 3.1' } }, () => {
    expect(choose(['any'], false, both, false)).toBe('geodetic civic');
    expect(choose(['locationURI'], false, geodetic, false)).toBe('geodetic');
    expect(choose(['locationURI'], true, geodetic, false)).toBe('cannotProvideLiType');
  });
});

it('a purpose is a time of the configuration', { meta: { clause: 'RFC 5985 6.1' } }, () => {
  const times = { emergencyRouting: 2_000, emergencyDispatch: 10_000 };
  expect([0, 'emergencyRouting', 'emergencyDispatch', undefined].map((t) => waitOf(t as 0, times))).toEqual([
    0,
    2_000,
    10_000,
    undefined,
  ]);
});

describe('devices', () => {
  it('never share an identifier', { meta: { clause: 'RFC 6155 2.1' } }, () => {
    const devices = new Devices(2);
    expect(devices.put(ana)).toBeUndefined();
    expect(devices.put(device('eve', ['uri:sip:ana@provider.lab']))).toBe('identifier-taken');
    expect(devices.put(device('ana', ['ip:192.0.2.6']))).toBeUndefined();
    expect(devices.identified(ip('192.0.2.5'))).toBeUndefined();
    expect(devices.put(device('eve', ['uri:sip:ana@provider.lab']))).toBeUndefined();
    expect(devices.put(ben)).toBe('too-many');
    expect([devices.delete('eve'), devices.delete('eve'), devices.size]).toEqual([true, false, 1]);
    expect(devices.identified(uri('sip:ana@provider.lab'))).toBeUndefined();
  });

  it.each([
    ['no place', { identifiers: ['ip:192.0.2.5'] }],
    ['no identifier', { identifiers: [], shape: { type: 'point', position: [0, 0] } }],
    [
      'an address that is none',
      { identifiers: ['ip:300.1.1.1'], shape: { type: 'point', position: [0, 0] } },
    ],
    ['an unknown kind', { identifiers: ['name:ana'], shape: { type: 'point', position: [0, 0] } }],
    [
      'latitude and longitude exchanged',
      { identifiers: ['ip:192.0.2.5'], shape: { type: 'point', position: [40, 140] } },
    ],
    [
      'an open ring',
      {
        identifiers: ['ip:192.0.2.5'],
        shape: {
          type: 'polygon',
          rings: [
            [
              [0, 0],
              [1, 0],
              [1, 1],
              [0, 1],
            ],
          ],
        },
      },
    ],
    [
      'a negative radius',
      { identifiers: ['ip:192.0.2.5'], shape: { type: 'circle', center: [0, 0], radius: -1 } },
    ],
    ['a civic element that is no name', { identifiers: ['ip:192.0.2.5'], civic: { 'a b': 'x' } }],
    ['an unknown key', { identifiers: ['ip:192.0.2.5'], civic: { country: 'ES' }, shap: 1 }],
  ])('with %s are refused', (_name, value) => {
    expect(provisionSchema.safeParse(value).success).toBe(false);
  });
});

it('peers are addresses, networks and names of certificates', () => {
  const peers = new PeerList(['192.0.2.0/30', '2001:db8::/32', 'DNS:a.example']);
  expect(
    ['192.0.2.3', '192.0.2.4', '::ffff:192.0.2.1', '2001:db8:1::1', '2001:db9::1', 'x'].map((address) =>
      peers.has({ address }),
    ),
  ).toEqual([true, false, true, true, false, false]);
  expect(peers.has({ address: '', names: ['DNS:b.example', 'DNS:a.example'] })).toBe(true);
  expect(['192.0.2.0/33', '192.0.2/8', '::/129', 'a/8', '::1/1/1'].some(isNetwork)).toBe(false);
});
