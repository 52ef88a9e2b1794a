import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Lab, startLab } from '../lab.js';

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.close());

async function post(
  port: number,
  path: string,
  type: string,
  body: string,
): Promise<{ status: number; type: string; body: string }> {
  const answer = await fetch(`http://127.0.0.1:${lab.port(port)}${path}`, {
    method: 'POST',
    headers: { 'content-type': type },
    body,
  });
  return { status: answer.status, type: answer.headers.get('content-type') ?? '', body: await answer.text() };
}
const lost = (body: string) => post(15_222, '/lost', 'application/lost+xml', body);
const held = (body: string) => post(15_985, '/held', 'application/held+xml', body);

const findService = (location: string, service = 'urn:service:sos'): string =>
  `<findService xmlns="urn:ietf:params:xml:ns:lost1" serviceBoundary="reference"><location id="a" profile="geodetic-2d">${location}</location><service>${service}</service></findService>`;
const point = (pos: string): string =>
  `<Point xmlns="http://www.opengis.net/gml" srsName="urn:ogc:def:crs:EPSG::4326"><pos>${pos}</pos></Point>`;

describe('LoST at the ECRF', () => {
  it('answers a findService', { meta: { clause: 'RFC 5222 8.4', shall: '5.3.2-1' } }, async () => {
    const answer = await lost(findService(point('40.4168 -3.7038')));
    expect(answer.status).toBe(200);
    expect(answer.type).toContain('application/lost+xml');
    expect(answer.body).toContain('sip:madrid@psap.esinet.internal');
    expect(answer.body).toContain('displayName');
  });

  it.each([
    ['an ill-formed document', '<findService', 'badRequest'],
    ['a document with a DOCTYPE', `<!DOCTYPE a>${findService(point('40 -3'))}`, 'badRequest'],
    ['another namespace', '<findService xmlns="urn:other"/>', 'badRequest'],
    ['a place nobody serves', findService(point('40 -20')), 'notFound'],
    [
      'a service nobody gives',
      findService(point('40.4168 -3.7038'), 'urn:service:counseling'),
      'serviceNotImplemented',
    ],
    ['a reference system nobody knows', findService(point('40 -3').replace('4326', '9999')), 'SRSInvalid'],
    ['coordinates out of range', findService(point('400 -3')), 'locationInvalid'],
  ])(
    'answers %s with the error of the protocol in HTTP 200',
    { meta: { clause: 'RFC 5222 13.1' } },
    async (_what, body, code) => {
      const answer = await lost(body);
      expect(answer.status).toBe(200);
      expect(answer.body).toContain(`<${code} `);
    },
  );
});

describe('HELD at the LIS', () => {
  const request = (device: string): string =>
    `<locationRequest xmlns="urn:ietf:params:xml:ns:geopriv:held"><locationType exact="false">geodetic locationURI</locationType><device xmlns="urn:ietf:params:xml:ns:geopriv:held:id"><uri>${device}</uri></device></locationRequest>`;

  it(
    'answers a locationRequest for a device of the lab',
    { meta: { clause: ['RFC 5985 5', 'RFC 6155 3'], shall: '5.5.2-1' } },
    async () => {
      const answer = await held(request('sip:caller1@provider.lab'));
      expect(answer.status).toBe(200);
      expect(answer.type).toContain('application/held+xml');
      expect(answer.body).toContain('locationUriSet');
      expect(answer.body).toContain('presence');
    },
  );

  it.each([
    ['a device nobody knows', request('sip:nobody@provider.lab'), 'locationUnknown'],
    ['an ill-formed document', '<locationRequest', 'xmlError'],
    ['another request', '<createContext xmlns="urn:ietf:params:xml:ns:geopriv:held"/>', 'unsupportedMessage'],
  ])(
    'answers %s with the error of the protocol in HTTP 200',
    { meta: { clause: 'RFC 5985 9' } },
    async (_what, body, code) => {
      const answer = await held(body);
      expect(answer.status).toBe(200);
      expect(answer.body).toContain(`code="${code}"`);
    },
  );
});
