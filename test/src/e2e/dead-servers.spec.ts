import { afterEach, beforeEach, expect, it } from 'vitest';
import { Caller } from '../caller.js';
import { type Lab, startLab } from '../lab.js';

let lab: Lab;
let caller: Caller;

const place =
  '<?xml version="1.0"?><presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:g="urn:ietf:params:xml:ns:pidf:geopriv10" ' +
  'xmlns:gml="http://www.opengis.net/gml" entity="pres:c@app.lab"><tuple id="t"><status><g:geopriv><g:location-info>' +
  '<gml:Point srsName="urn:ogc:def:crs:EPSG::4326"><gml:pos>42.8 -1.6</gml:pos></gml:Point></g:location-info>' +
  '<g:usage-rules/></g:geopriv></status></tuple></presence>';
const byValue = {
  headers: [
    ['Geolocation', '<cid:p@app.lab>'],
    ['Geolocation-Routing', 'yes'],
  ] as const,
  parts: [
    {
      headers: [
        ['Content-Type', 'application/pidf+xml'],
        ['Content-ID', '<p@app.lab>'],
      ] as const,
      body: place,
    },
  ],
};

beforeEach(async () => {
  lab = await startLab();
  caller = await Caller.open(lab.port(15_060));
});
afterEach(async () => {
  await caller.close();
  await lab.close();
});

it.each([[['ecrf']], [['lis']], [['ecrf', 'lis']]] as const)(
  'chats that start while %s stops are all answered',
  { meta: { clause: ['TS 103 698 5.2', 'RFC 5222 14'] }, timeout: 40_000 },
  async (dead) => {
    const starts: Promise<string>[] = [];
    const reference = {
      headers: [
        ['Geolocation', `<http://127.0.0.1:${lab.port(15_985)}/loc/x>`],
        ['Geolocation-Routing', 'yes'],
      ] as const,
    };
    for (let i = 0; i < 30; i++) {
      starts.push(
        caller.start(i % 2 ? byValue : reference).then(({ status, centre }) => `${status} ${centre}`),
      );
      if (i === 10) void Promise.all(dead.map((name) => lab.running.stop(name)));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const ends = await Promise.all(starts);
    expect(ends.filter((end) => end !== '200 default' && end !== '200 navarra')).toEqual([]);
    expect(ends).toContain('200 default');
  },
);
