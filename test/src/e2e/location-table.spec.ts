import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Caller, type Part } from '../caller.js';
import { type Lab, startLab } from '../lab.js';

let lab: Lab;
let caller: Caller;
let madridUri = '';

const presence = (location: string): string =>
  '<?xml version="1.0" encoding="UTF-8"?><presence xmlns="urn:ietf:params:xml:ns:pidf" ' +
  'xmlns:g="urn:ietf:params:xml:ns:pidf:geopriv10" xmlns:gml="http://www.opengis.net/gml" ' +
  'xmlns:gs="http://www.opengis.net/pidflo/1.0" xmlns:ca="urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr" ' +
  `entity="pres:caller@app.lab"><tuple id="t"><status><g:geopriv><g:location-info>${location}</g:location-info>` +
  '<g:usage-rules/></g:geopriv></status></tuple></presence>';
const srs = 'srsName="urn:ogc:def:crs:EPSG::4326"';
const point = (pos: string): string => presence(`<gml:Point ${srs}><gml:pos>${pos}</gml:pos></gml:Point>`);
const circle = (pos: string, metres: number): string =>
  presence(
    `<gs:Circle ${srs}><gml:pos>${pos}</gml:pos><gs:radius uom="urn:ogc:def:uom:EPSG::9001">${metres}</gs:radius></gs:Circle>`,
  );
const pidf = (body: string, id = 'place@app.lab'): Part => ({
  headers: [
    ['Content-Type', 'application/pidf+xml'],
    ['Content-ID', `<${id}>`],
  ],
  body,
});
const byValue = ['Geolocation', '<cid:place@app.lab>'] as const;
const routing = ['Geolocation-Routing', 'yes'] as const;
const barcelona = '41.3874 2.1686';
const madrid = '40.4168 -3.7038';

beforeAll(async () => {
  lab = await startLab();
  caller = await Caller.open(lab.port(15_060));
  const put = await fetch(`http://127.0.0.1:${lab.port(15_985)}/devices/table`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      identifiers: ['uri:sip:table@app.lab'],
      shape: { type: 'circle', center: [-3.7038, 40.4168], radius: 25 },
    }),
  });
  expect(put.status).toBeLessThan(300);
  const held = await fetch(`http://127.0.0.1:${lab.port(15_985)}/held`, {
    method: 'POST',
    headers: { 'content-type': 'application/held+xml' },
    body:
      '<locationRequest xmlns="urn:ietf:params:xml:ns:geopriv:held"><locationType exact="true">locationURI</locationType>' +
      '<device xmlns="urn:ietf:params:xml:ns:geopriv:held:id"><uri>sip:table@app.lab</uri></device></locationRequest>',
  });
  const document = await held.text();
  madridUri = /<(?:\w+:)?locationURI>\s*([^<\s]+)/.exec(document)?.[1] ?? '';
  expect(madridUri).not.toBe('');
});
afterAll(async () => {
  await caller.close();
  await lab.close();
});

interface Row {
  readonly what: string;
  readonly headers?: readonly (readonly [string, string])[] | (() => readonly (readonly [string, string])[]);
  readonly parts?: readonly Part[];
  readonly uri?: string;
  readonly centre: string;
}

const lis = (): number => lab.port(15_985);

const rows: readonly Row[] = [
  {
    what: 'by value, named by cid',
    headers: [byValue, routing],
    parts: [pidf(point(barcelona))],
    centre: 'catalunya',
  },
  {
    what: 'a circle by value',
    headers: [byValue, routing],
    parts: [pidf(circle(madrid, 500))],
    centre: 'madrid',
  },
  { what: 'by value that nobody names', headers: [], parts: [pidf(point(madrid))], centre: 'madrid' },
  {
    what: 'a local number instead of a service URN',
    uri: 'sip:112@app.lab',
    headers: [byValue, routing],
    parts: [pidf(point(madrid))],
    centre: 'madrid',
  },
  {
    what: 'a subservice that has no boundary of its own',
    uri: 'urn:service:sos.fire',
    headers: [byValue, routing],
    parts: [pidf(point(madrid))],
    centre: 'madrid',
  },
  { what: 'by reference', headers: () => [['Geolocation', `<${madridUri}>`], routing], centre: 'madrid' },
  {
    what: 'by value and by reference: value is preferred for routing',
    headers: () => [['Geolocation', `<${madridUri}>, <cid:place@app.lab>`], routing],
    parts: [pidf(point(barcelona))],
    centre: 'catalunya',
  },
  { what: 'none', centre: 'default' },
  {
    what: 'a cid that names no part',
    headers: [['Geolocation', '<cid:elsewhere@app.lab>'], routing],
    centre: 'default',
  },
  {
    what: 'a PIDF-LO that is not well-formed',
    headers: [byValue, routing],
    parts: [pidf('<presence><tuple>')],
    centre: 'default',
  },
  {
    what: 'a PIDF-LO with a DOCTYPE',
    headers: [byValue, routing],
    parts: [pidf(`<!DOCTYPE presence>${point(madrid)}`)],
    centre: 'default',
  },
  {
    what: 'a PIDF-LO without a location',
    headers: [byValue, routing],
    parts: [pidf(presence(''))],
    centre: 'default',
  },
  {
    what: 'coordinates out of range',
    headers: [byValue, routing],
    parts: [pidf(point('140.4 -3.7'))],
    centre: 'default',
  },
  {
    what: 'coordinates that are no numbers',
    headers: [byValue, routing],
    parts: [pidf(point('NaN here'))],
    centre: 'default',
  },
  {
    what: 'latitude and longitude swapped: a place nobody serves',
    headers: [byValue, routing],
    parts: [pidf(point('-3.7038 40.4168'))],
    centre: 'default',
  },
  { what: 'the Atlantic', headers: [byValue, routing], parts: [pidf(point('40 -20'))], centre: 'default' },
  {
    what: 'a location URI that has expired or never was',
    headers: () => [['Geolocation', `<http://127.0.0.1:${lis()}/loc/nonsense>`], routing],
    centre: 'default',
  },
  {
    what: 'a location URI at a host that is not asked',
    headers: [['Geolocation', '<http://127.0.0.1:9/loc/x>'], routing],
    centre: 'default',
  },
  {
    what: 'a Geolocation that is nonsense',
    headers: [['Geolocation', '<<>>;;,,'], routing],
    centre: 'default',
  },
];

describe('where a chat ends, by the location it brings', () => {
  it.each(rows)(
    '$what: $centre',
    { meta: { clause: ['RFC 6442 4', 'TS 103 698 5.2', 'TS 103 698 6.2.2'] } },
    async (row) => {
      const headers = typeof row.headers === 'function' ? row.headers() : (row.headers ?? []);
      const started = await caller.start({
        headers,
        parts: row.parts ?? [],
        ...(row.uri === undefined ? {} : { uri: row.uri }),
      });
      expect(started.status).toBe(200);
      expect(started.centre).toBe(row.centre);
      const chat = await lab.chat(started.callId);
      expect(chat.messages[0]).toMatchObject({ direction: 'in', text: 'help' });
    },
  );
});

describe('what reaches the call taker of the default centre', () => {
  it(
    'carries the reason',
    {
      meta: {
        clause: ['TS 103 698 6.1.2.6', 'RFC 3326 2', 'RFC 7044 10'],
        shall: ['6.1.2.6-1', '6.1.2.6-2', '6.1.2.6-3', '6.1.2.6-4', '6.1.2.6-5'],
      },
    },
    async () => {
      const before = lab.events.length;
      const started = await caller.start({});
      expect(started.centre).toBe('default');
      const routed = lab.events.slice(before).find(({ subject }) => subject === 'events.esrp.routed');
      expect(routed?.payload).toMatchObject({ element: 'esrp' });
      expect(JSON.stringify(routed?.payload)).toMatch(/location/i);
      const [first] = (await lab.chat(started.callId)).messages;
      expect(first?.reasons?.join()).toContain('location: none');
      expect(first?.history?.join()).toContain('sip:default@psap.esinet.internal?Reason=');
    },
  );

  it('arrives without identifiers too', { meta: { clause: 'TS 103 698 6.1.2.7' } }, async () => {
    const started = await caller.start({ identifiers: false });
    expect(started.status).toBe(200);
    expect(started.centre).toBe('default');
  });
});
