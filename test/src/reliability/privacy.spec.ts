import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Lab, startLab } from '../lab.js';
import { type LabProcess, httpPorts, labProcess } from './lab-process.js';
import { Wire, chatMessage } from './wire.js';

/** What only the caller, the call taker and the records may know (TS 103 698 6.1.2.8; GDPR 5). */
const secrets = {
  text: 'Xylophonquittenmarmelade',
  second: 'Zwetschgendatschiblech',
  displayName: 'Kunigunde Wolkenstein',
  latitude: '41.65123456',
  longitude: '-0.88765432',
  street: 'Hinterwaeldlergasse',
  answer: 'Bleibensieruhigimkeller',
};
/** Where the lab's LIS has caller1; and what may be fetched once one knows its URI (RFC 6753 5.1) joins as it is given. */
const prints = [
  ...Object.values(secrets),
  ...['41.6512', '0.8876', 'Kunigunde', 'Wolkenstein'],
  ...['40.4168', '3.7038'],
];

/** A start with a location by reference, one that works and one that does not. */
async function startsByReference(wire: Wire, bcf: number, lis: string, name: string): Promise<void> {
  const answer = await fetch(`${lis}/held`, {
    method: 'POST',
    headers: { 'content-type': 'application/held+xml' },
    body: '<locationRequest xmlns="urn:ietf:params:xml:ns:geopriv:held"><locationType exact="true">locationURI</locationType><device xmlns="urn:ietf:params:xml:ns:geopriv:held:id"><uri>sip:caller1@provider.lab</uri></device></locationRequest>',
  });
  const text = await answer.text();
  const from = text.indexOf(`${lis}/loc/`);
  const uri = text.slice(from, text.indexOf('<', from));
  expect(from).toBeGreaterThan(0);
  const token = uri.slice(uri.lastIndexOf('/') + 1);
  prints.push(token);
  for (const [i, reference] of [uri, `${uri}x`, `${uri.replace('/loc/', '/lok/')}`].entries()) {
    const bytes = chatMessage({
      wire,
      chat: `${name}ref${i}`.padEnd(26, 'x'),
      messageType: 257,
      messageId: 1,
      from: `sip:r${name}${i}@app.lab`,
      text: secrets.text,
      headers: [
        ['Geolocation', `<${reference}>`],
        ['Geolocation-Routing', 'yes'],
      ],
    });
    expect((await wire.send(bcf, bytes))?.status).toBe(200);
  }
}

const place =
  '<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:g="urn:ietf:params:xml:ns:pidf:geopriv10" ' +
  'xmlns:gml="http://www.opengis.net/gml" xmlns:c="urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr" ' +
  'entity="pres:k@app.lab"><tuple id="t"><status><g:geopriv><g:location-info>' +
  '<gml:Point srsName="urn:ogc:def:crs:EPSG::4326">' +
  `<gml:pos>${secrets.latitude} ${secrets.longitude}</gml:pos></gml:Point>` +
  `<c:civicAddress><c:country>ES</c:country><c:RD>${secrets.street}</c:RD></c:civicAddress>` +
  '</g:location-info><g:usage-rules/></g:geopriv></status></tuple></presence>';

/** A chat as it should be, and one of each kind that makes elements complain. */
async function chatWith(wire: Wire, bcf: number, api: string, name: string): Promise<void> {
  const body = (document: string): string =>
    [
      `--part\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n${secrets.text}`,
      `--part\r\nContent-Type: application/pidf+xml\r\nContent-ID: <p@app.lab>\r\n\r\n${document}`,
      '--part--\r\n',
    ].join('\r\n');
  const message = (
    chat: string,
    messageId: number,
    document: string,
    more: [string, string][] = [],
  ): Buffer => {
    const bytes = chatMessage({
      wire,
      chat,
      messageType: messageId === 1 ? 257 : 259,
      messageId,
      from: `sip:k${chat}@app.lab`,
      contentType: 'multipart/mixed; boundary=part',
      text: body(document),
      headers: [
        ['Geolocation', '<cid:p@app.lab>'],
        ['Geolocation-Routing', 'yes'],
        ['Subject', secrets.text],
        ...more,
      ],
    });
    return Buffer.from(
      bytes.toString('latin1').replace('From: <', `From: "${secrets.displayName}" <`),
      'latin1',
    );
  };
  const good = `${name}good`.padEnd(26, 'x');
  const documents = [
    place,
    place.replace('4326', '9999'),
    place.slice(0, 400),
    place.replaceAll('urn:ietf', 'urn:other'),
  ];
  for (const [i, document] of documents.entries()) {
    const chat = i === 0 ? good : `${name}bad${i}`.padEnd(26, 'x');
    expect((await wire.send(bcf, message(chat, 1, document)))?.status).toBe(200);
  }
  const second = message(good, 2, place).toString('latin1').replace(secrets.text, secrets.second);
  expect((await wire.send(bcf, Buffer.from(second, 'latin1')))?.status).toBe(200);
  // Refused ones are logged as well.
  wire.sendOnce(
    bcf,
    Buffer.from(second.replace('SIP/2.0\r\n', `SIP/2.0\r\n${secrets.displayName}\r\n`), 'latin1'),
  );
  wire.sendOnce(bcf, Buffer.from(second.replace('CSeq: 1 MESSAGE', `CSeq: ${secrets.text}`), 'latin1'));
  await wire.send(
    bcf,
    Buffer.from(second.replace('MESSAGE urn:service:sos', `MESSAGE sip:nobody@elsewhere.example`), 'latin1'),
    2_000,
  );
  // An answer that cannot be delivered is complained about.
  wire.answer = () => 480;
  const url = `${api}/chats/${encodeURIComponent(`urn:emergency:uid:callid:${good}:app.lab`)}/messages`;
  const said = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ text: secrets.answer }),
  });
  expect(said.status).toBe(201);
  await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: `{"${secrets.text}`,
  });
  await pause(1_500);
  wire.answer = () => 200;
}

describe('a program that logs all it can', () => {
  let lab: LabProcess;
  let wire: Wire;
  let banner = 0;
  let temporary = '';
  beforeAll(async () => {
    temporary = await mkdtemp(join(tmpdir(), 'esinet-privacy-'));
    const config = join(temporary, 'esinet.yaml');
    await writeFile(config, 'psap: { limits: { attempts: 1 } }\n');
    lab = await labProcess('--log-level', 'debug', '--config', config);
    // The banner names a place as an example.
    banner = lab.program.output().length;
    wire = await Wire.open();
    await chatWith(wire, lab.port(15_060), `http://127.0.0.1:${lab.port(15_090)}/api`, 'priv');
    await startsByReference(wire, lab.port(15_060), `http://127.0.0.1:${lab.port(15_985)}`, 'priv');
    const [latitude, longitude] = [secrets.latitude, secrets.longitude];
    await fetch(`http://127.0.0.1:${lab.port(httpPorts.ecrf)}/lost`, {
      method: 'POST',
      body: `<findService xmlns="urn:ietf:params:xml:ns:lost1"><location id="a" profile="geodetic-2d"><Point xmlns="http://www.opengis.net/gml" srsName="x"><pos>${latitude} ${longitude}</pos></Point></location><service>urn:service:sos</service></findService>`,
    });
  }, 60_000);
  afterAll(async () => {
    await wire.close();
    await lab.close();
    await rm(temporary, { recursive: true, force: true });
  }, 20_000);

  it(
    'writes no text, name or place',
    { meta: { clause: ['TS 103 698 6.1.2.8', 'house rules: personal data is never in a log line'] } },
    () => {
      const output = lab.program.output().slice(banner);
      expect(output).toContain('message not delivered');
      expect(prints.filter((print) => output.includes(print))).toEqual([]);
    },
  );

  it.each(Object.keys(httpPorts))(
    'counts none in /metrics of %s',
    { meta: { clause: 'house rules: personal data is never in a metric label' } },
    async (element) => {
      const port = lab.port(httpPorts[element as keyof typeof httpPorts]);
      for (const path of ['metrics', 'readyz', 'livez']) {
        const text = await (await fetch(`http://127.0.0.1:${port}/${path}`)).text();
        expect(text.length).toBeGreaterThan(10);
        expect(prints.filter((print) => text.includes(print))).toEqual([]);
        if (path === 'metrics') expect(text).not.toMatch(/app\.lab|callid/u);
      }
    },
  );
});

describe('events', () => {
  let lab: Lab;
  let wire: Wire;
  beforeAll(async () => {
    lab = await startLab();
    wire = await Wire.open();
    await chatWith(wire, lab.port(15_060), `http://127.0.0.1:${lab.port(15_090)}/api`, 'evnt');
    await startsByReference(wire, lab.port(15_060), `http://127.0.0.1:${lab.port(15_985)}`, 'evnt');
  }, 60_000);
  afterAll(async () => {
    await wire.close();
    await lab.close();
  }, 20_000);

  it(
    'tell of a chat without its text, name or place',
    { meta: { clause: 'house rules: personal data is never in an event' } },
    () => {
      const told = JSON.stringify(lab.events);
      expect([...new Set(lab.events.map(({ subject }) => subject.split('.')[1]))]).toEqual(
        expect.arrayContaining(['bcf', 'esrp', 'psap']),
      );
      expect(prints.filter((print) => told.includes(print))).toEqual([]);
    },
  );
});
