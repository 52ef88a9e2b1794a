import { mutate } from '../mutate.js';
import { xmlMorsels } from '../xml/xml-seeds.js';
import { findService, locationRequest } from './corpus.js';

/** What an answer to a question may be, if it is not an HTTP 4xx. */
export type Vocabulary = 'lost' | 'held' | 'json';

export interface Question {
  readonly server: 'ECRF' | 'LIS';
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly type: string;
  readonly body: Buffer;
  readonly answers: Vocabulary;
}

const lost = 'xmlns="urn:ietf:params:xml:ns:lost1"';
const sync = 'xmlns="urn:ietf:params:xml:ns:lostsync1" xmlns:l="urn:ietf:params:xml:ns:lost1"';
const held = 'xmlns="urn:ietf:params:xml:ns:geopriv:held"';
const place =
  '<location id="p" profile="geodetic-2d"><Point xmlns="http://www.opengis.net/gml" srsName="urn:ogc:def:crs:EPSG::4326">' +
  '<pos>41.3874 2.1686</pos></Point></location>';
const polygon = (positions: readonly string[]): string =>
  '<location id="a" profile="geodetic-2d"><Polygon xmlns="http://www.opengis.net/gml" srsName="urn:ogc:def:crs:EPSG::4326">' +
  `<exterior><LinearRing>${positions.map((p) => `<pos>${p}</pos>`).join('')}</LinearRing></exterior></Polygon></location>`;
const square = ['40 -4', '40 -3', '41 -3', '41 -4', '40 -4'];
/** Crosses itself all over. */
const tangle = Array.from(
  { length: 400 },
  (_, i) => `${36 + ((i * 7_919) % 700) / 100} ${-9 + ((i * 104_729) % 1_200) / 100}`,
);

const lostDocuments: readonly string[] = [
  findService,
  `<findService ${lost} serviceBoundary="reference" recursive="true" validateLocation="true"><location id="c" profile="civic">` +
    '<civicAddress xmlns="urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr"><country>ES</country><A1>Madrid</A1><RD>Gran Vía</RD>' +
    `<HNO>1</HNO></civicAddress></location>${place}<service>urn:service:sos.fire</service><path><via source="a.b"/></path></findService>`,
  `<findService ${lost} serviceBoundary="value">${polygon(square)}<service>urn:service:sos</service></findService>`,
  `<findService ${lost}>${polygon([...tangle, ...tangle.slice(0, 1)])}<service>urn:service:sos</service></findService>`,
  `<findService ${lost}><location id="e" profile="geodetic-2d"><gs:Ellipse xmlns:gs="http://www.opengis.net/pidflo/1.0" ` +
    'srsName="urn:ogc:def:crs:EPSG::4326"><pos xmlns="http://www.opengis.net/gml">89.9 179.9</pos><gs:semiMajorAxis uom="urn:ogc:def:uom:EPSG::9001">' +
    '90000</gs:semiMajorAxis><gs:semiMinorAxis uom="urn:ogc:def:uom:EPSG::9001">5</gs:semiMinorAxis><gs:orientation ' +
    'uom="urn:ogc:def:uom:EPSG::9102">12</gs:orientation></gs:Ellipse></location><service>urn:service:sos</service></findService>',
  `<getServiceBoundary ${lost} key="0123456789abcdef0123456789abcdef"/>`,
  `<listServices ${lost}><service>urn:service:sos</service></listServices>`,
  `<listServicesByLocation ${lost} recursive="true">${place}<service>urn:service:sos</service></listServicesByLocation>`,
  `<getMappingsRequest ${sync}><exists><mapping-fingerprint source="a.b" sourceId="1" lastUpdated="2026-01-01T00:00:00Z"/></exists></getMappingsRequest>`,
  `<pushMappings ${sync}><mappings><l:mapping source="a.b" sourceId="1" lastUpdated="2026-01-01T00:00:00Z" expires="2036-01-01T00:00:00Z">` +
    '<l:service>urn:service:sos</l:service><l:uri>sip:a@b</l:uri></l:mapping></mappings></pushMappings>',
];

const heldDocuments: readonly string[] = [
  locationRequest,
  `<locationRequest ${held}/>`,
  `<locationRequest ${held} responseTime="8"><locationType exact="true">civic geodetic</locationType></locationRequest>`,
  `<locationRequest ${held}><device xmlns="urn:ietf:params:xml:ns:geopriv:held:id"><ip v="4">192.0.2.5</ip><mac>A0-12-34-56-78-90</mac>` +
    '<nai>ana@provider.lab</nai><msisdn>34600000000</msisdn></device></locationRequest>',
  `<locationRequest ${held} responseTime="emergencyDispatch"><locationType>any</locationType>` +
    '<device xmlns="urn:ietf:params:xml:ns:geopriv:held:id"><uri>sip:caller2@provider.lab</uri></device></locationRequest>',
];

const dereference = `<locationRequest ${held} responseTime="emergencyRouting"><locationType exact="true">geodetic</locationType></locationRequest>`;

const device = (i: number): string =>
  JSON.stringify({
    identifiers: [`uri:sip:fuzz${i}@provider.lab`, `ip:198.51.100.${i}`],
    shape: { type: 'circle', center: [-3.7, 40.4], radius: 50 },
    civic: { country: 'ES', A1: 'Madrid' },
    method: 'GPS',
    expires: '2036-01-01T00:00:00Z',
  });

/** Devices that provisioning is tried on: few, for what they leave must not look like a leak. */
const devices = 20;

/** The next question, seldom as it should be. `token`: of a location URI that works. */
export function nextQuestion(token: string, random: () => number): Question {
  const pick = (texts: readonly string[]): Buffer =>
    changed(texts[Math.floor(random() * texts.length)] ?? '', random);
  const kind = random();
  if (kind < 0.5)
    return {
      server: 'ECRF',
      method: 'POST',
      path: '/lost',
      type: 'application/lost+xml',
      body: pick(lostDocuments),
      answers: 'lost',
    };
  const asHeld = { server: 'LIS', type: 'application/held+xml', answers: 'held' } as const;
  if (kind < 0.75) return { ...asHeld, method: 'POST', path: '/held', body: pick(heldDocuments) };
  if (kind < 0.85) {
    const path = random() < 0.7 ? `/loc/${token}` : pathOf(`/loc/${token}`, random);
    return { ...asHeld, method: 'POST', path, body: pick([dereference]) };
  }
  if (kind < 0.9) {
    return { ...asHeld, method: 'GET', path: pathOf(`/loc/${token}`, random), body: Buffer.alloc(0) };
  }
  const i = Math.floor(random() * devices);
  const path = random() < 0.8 ? `/devices/fuzz${i}` : pathOf(`/devices/fuzz${i}`, random);
  const asJson = { server: 'LIS', type: 'application/json', answers: 'json' } as const;
  return random() < 0.8
    ? { ...asJson, method: 'PUT', path, body: pick([device(i)]) }
    : { ...asJson, method: 'DELETE', path, body: Buffer.alloc(0) };
}

function changed(text: string, random: () => number): Buffer {
  const bytes = Buffer.from(text);
  return random() < 0.1 ? bytes : mutate(bytes, random, xmlMorsels);
}

/** A path below the same prefix that a request line can carry. */
function pathOf(path: string, random: () => number): string {
  const at = path.lastIndexOf('/') + 1;
  const rest = mutate(Buffer.from(path.slice(at)), random).toString('latin1');
  return path.slice(0, at) + rest.replace(/[^!-~]/g, '').slice(0, 2_000);
}
