import { connect } from 'node:net';
import { writeHeldRequest } from '@esinet/held';
import type { RunningElement } from '@esinet/platform';
import { describe, expect, it } from 'vitest';
import { api, asked, caller, codeOf, post, question, reference, start, urlOf } from './lis-fixture.js';

const NS = 'urn:ietf:params:xml:ns:geopriv:held';
const request = (inside: string, attributes = ''): string =>
  `<locationRequest xmlns="${NS}" ${attributes}>${inside}</locationRequest>`;
const device = (inside: string): string => `<device xmlns="${NS}:id">${inside}</device>`;

const documents: readonly (readonly [string, string | Buffer, string])[] = [
  ['nothing', '', 'xmlError'],
  ['NUL', '\0'.repeat(1_000), 'xmlError'],
  ['a document type', `<!DOCTYPE a [<!ENTITY b "c">]>${request('')}`, 'xmlError'],
  ['an entity from elsewhere', `<!DOCTYPE a SYSTEM "file:///etc/passwd">${request('')}`, 'xmlError'],
  ['an entity nobody declared', request(device('<uri>&x;</uri>')), 'xmlError'],
  ['20,000 open tags', '<a>'.repeat(20_000), 'xmlError'],
  ['a deep document', request('<a xmlns="urn:x">'.repeat(200) + '</a>'.repeat(200)), 'xmlError'],
  ['5,000 elements', request('<a xmlns="urn:x"/>'.repeat(3_000)), 'xmlError'],
  ['an attribute twice', '<locationRequest a="1" a="2"/>', 'xmlError'],
  ['junk behind the end', `${request('')}<a/>`, 'xmlError'],
  ['latin-1', Buffer.from(request(device('<uri>sip:ñ@a</uri>')), 'latin1'), 'xmlError'],
  ['half a character', Buffer.from([0x3c, 0xc3]), 'xmlError'],
  ['no namespace', '<locationRequest/>', 'unsupportedMessage'],
  ['a SOAP envelope', '<Envelope xmlns="http://schemas.xmlsoap.org/soap/envelope/"/>', 'unsupportedMessage'],
  ['unknown elements', request('<a xmlns="urn:x"/><locationTyp/>'), 'location'],
  ['unknown attributes', request('', 'a="b" xmlns:c="urn:c" c:d="e"'), 'location'],
  ['an endless number', request('', `responseTime="${'9'.repeat(60_000)}"`), 'xmlError'],
  ['NaN', request('', 'responseTime="NaN"'), 'xmlError'],
  ['a thousand types', request(`<locationType>${'civic '.repeat(5_000)}</locationType>`), 'location'],
  ['an unknown type', request('<locationType>velocity</locationType>'), 'xmlError'],
  ['a thousand identifiers', request(device('<ip v="4">127.0.0.1</ip>'.repeat(1_000))), 'badIdentifier'],
  ['an identifier of 60 kB', request(device(`<uri>sip:${'a'.repeat(60_000)}</uri>`)), 'badIdentifier'],
  ['an identifier of another world', request(device('<x xmlns="urn:x">1</x>')), 'badIdentifier'],
  ['an empty device', request(device('')), 'location'],
  ['__proto__', request(device('<uri>sip:__proto__</uri>')), 'locationUnknown'],
  ['a backslash', request(device('<nai>\\c3\\bc@bar.com</nai>')), 'locationUnknown'],
];

async function isAlive(lis: RunningElement): Promise<void> {
  expect(await asked(lis)).toMatchObject({ type: 'locationResponse' });
}

describe('a hostile sender', () => {
  it(
    'gets the HELD error for what it sent, and others their answer',
    { meta: { clause: ['RFC 5985 5.3', 'RFC 5985 6.3'] } },
    async () => {
      const lis = await start();
      const { uri } = await reference(lis);
      for (const [name, body, code] of documents) {
        const response = await post(urlOf(lis), body as string);
        expect([name, await codeOf(response)]).toEqual([name, code]);
        expect([200, 404]).toContain((await post(uri, body as string)).status);
      }
      const charset = { 'content-type': 'application/held+xml; charset="utf-16"' };
      expect(await codeOf(await post(urlOf(lis), request(''), charset))).toBe('requestError');
      expect(await codeOf(await post(uri, request(''), charset))).toBe('requestError');
      await isAlive(lis);
    },
  );

  it('gets nothing more out of odd paths and methods', async () => {
    const lis = await start();
    for (const path of [
      '/loc',
      '/loc/',
      '/loc/..%2f..%2fheld',
      `/loc/${'a'.repeat(8_000)}`,
      '/policy/',
      '/policy/%',
      '//held',
    ])
      expect((await fetch(urlOf(lis, path))).status).toBeGreaterThanOrEqual(400);
    for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS'])
      expect((await fetch(urlOf(lis), { method })).status).toBe(405);
    expect((await fetch(urlOf(lis, `/loc/${'a'.repeat(26)}`), { method: 'HEAD' })).status).toBe(404);
    const { uri } = await reference(lis);
    const head = await fetch(uri, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    await isAlive(lis);
  });

  it('cannot hold the LIS by dripping', async () => {
    const lis = await start();
    const sockets = Array.from({ length: 20 }, () => {
      const socket = connect(lis.http.port, '127.0.0.1');
      socket.on('error', () => undefined);
      socket.write(
        'POST /held HTTP/1.1\r\nHost: a\r\nContent-Type: application/held+xml\r\nContent-Length: 500\r\n\r\n<',
      );
      return socket;
    });
    await isAlive(lis);
    for (const socket of sockets) socket.destroy();
    await isAlive(lis);
  });

  it('learns nothing by what a device is called', { meta: { clause: 'RFC 6155 4.2' } }, async () => {
    const lis = await start({ thirdParties: [] });
    const about = async (name: string, more: object): Promise<string> =>
      (await post(urlOf(lis), writeHeldRequest(question({ device: caller(name), ...more })))).text();
    for (const more of [
      {},
      { locationTypes: ['civic'], exact: true },
      { responseTime: 0 },
      { policyUri: true, routing: 'urn:service:sos' },
      { reference: { snapshot: true, uses: 1 } },
    ])
      expect(await about('caller2', more)).toBe(await about('nobody', more));
  });

  it('cannot provision a place that is none', async () => {
    const lis = await start();
    const ring = Array.from({ length: 100_000 }, (_, i) => [i / 1_000, 40]);
    const huge = await api(lis, 'PUT', '/api/devices/x', {
      identifiers: ['msisdn:34600000000'],
      shape: { type: 'polygon', rings: [ring] },
    }).catch(() => undefined);
    expect(huge?.status ?? 413).toBe(413);
    for (const body of [
      '{"identifiers":["msisdn:34600000000"],"shape":{"type":"point","position":[1e999,0]}}',
      '{"identifiers":["msisdn:34600000000"],"shape":{"type":"point","position":[NaN,0]}}',
      '{"identifiers":["msisdn:34600000000"],"shape":{"type":"point","position":["2","41"]}}',
      '{"identifiers":["msisdn:34600000000"],"shape":{"type":"circle","center":[2,41],"radius":-1}}',
      '{"identifiers":["msisdn:34600000000"],"civic":{"__proto__":"x"}}',
      '{"identifiers":["msisdn:34600000000"],"civic":{"country":"ES"},"__proto__":{}}',
      '['.repeat(30_000),
      'null',
      '[]',
    ])
      expect((await api(lis, 'PUT', '/api/devices/x', body)).status).toBe(400);
    await isAlive(lis);
  });
});
