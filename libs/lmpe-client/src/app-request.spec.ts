import { readIdentifiers } from '@esinet/lmpe';
import { readPidfLo } from '@esinet/location';
import { child, readXml } from '@esinet/xml';
import { describe, expect, it } from 'vitest';
import { additionalDataOf } from './additional-data.js';
import { appRequest } from './app-request.js';

const callId = 'urn:emergency:uid:callid:aaaaaaaaaa:app.lab';
const base = { callId, from: '<sip:ana@provider.lab>;tag=1', element: 'app.lab', now: Date.UTC(2026, 0, 1) };
const start = { to: 'urn:service:sos', messageType: 257, messageId: 1, text: 'help' };
const inChat = { to: 'sip:madrid@esinet.lab', messageType: 259, messageId: 2, text: 'fire' };

const valuesOf = (headers: readonly (readonly [string, string])[], name: string): string[] =>
  headers.filter(([n]) => n === name).map(([, value]) => value);

describe('what an APP sends', () => {
  it(
    'introduces the person in the start: identity, languages, data',
    {
      meta: {
        clause: ['TS 103 698 6.1.2.11', 'TS 103 698 6.1.2.4', 'RFC 7852 6'],
        shall: ['6.1.2.7-1', '6.1.2.11-1', '6.1.2.11-2'],
      },
    },
    () => {
      const introduction = {
        did: 'did:example:123',
        languages: ['ca', 'es', 'en'],
        additionalData: [
          ...additionalDataOf({
            reference: 'r1@app.lab',
            provider: {
              name: 'A & B',
              id: 'app.lab',
              idSeries: 'other',
              type: 'Client',
              contact: 'sip:ops@app.lab',
              language: 'en',
            },
            device: { classification: 'smart-phone-app', id: { value: '12<3', type: 'SN' } },
          }),
          { block: 'SubscriberInfo', uri: 'https://app.lab/subscriber/1' },
        ],
      };
      const { headers, parts } = appRequest({ ...base, introduction, message: start });
      const callInfo = valuesOf(headers, 'Call-Info');
      expect(readIdentifiers(callInfo)).toEqual({
        callId,
        messageId: 1,
        messageType: 257,
        did: 'did:example:123',
        problems: [],
      });
      expect(callInfo.slice(-3)).toEqual([
        '<cid:data-1@app.lab>;purpose=EmergencyCallData.ProviderInfo',
        '<cid:data-2@app.lab>;purpose=EmergencyCallData.DeviceInfo',
        '<https://app.lab/subscriber/1>;purpose=EmergencyCallData.SubscriberInfo',
      ]);
      expect(valuesOf(headers, 'Accept-Language')).toEqual(['ca, es;q=0.9, en;q=0.8']);
      expect(valuesOf(headers, 'Content-Language')).toEqual(['ca']);
      const device = parts.find((part) => part.contentId === 'data-2@app.lab');
      expect(device?.contentType).toBe('application/EmergencyCallData.DeviceInfo+xml');
      const xml = readXml(String(device?.body));
      const ns = 'urn:ietf:params:xml:ns:EmergencyCallData:DeviceInfo';
      expect(xml.ok && child(xml.value, ns, 'UniqueDeviceID')?.text).toBe('12<3');
      expect(xml.ok && child(xml.value, ns, 'DataProviderReference')?.text).toBe('r1@app.lab');
      // What follows does not say it again.
      const next = appRequest({ ...base, introduction, message: inChat });
      expect(valuesOf(next.headers, 'Call-Info')).toHaveLength(3);
      expect(next.parts).toHaveLength(1);
      const redirected = appRequest({ ...base, introduction, message: { ...inChat, messageType: 273 } });
      expect(valuesOf(redirected.headers, 'Call-Info')).toHaveLength(7);
    },
  );

  it(
    'names several locations, those by value first',
    { meta: { clause: ['RFC 6442 4.1', 'TS 103 698 5.6.4'] } },
    () => {
      const { headers, parts } = appRequest({
        ...base,
        message: inChat,
        location: {
          at: { lat: 40.4, lon: -3.7, radius: 30 },
          further: [{ uri: 'https://lis.lab/1' }, { pidfLo: '<presence/>' }, { uri: 'https://lis.lab/2' }],
        },
      });
      expect(valuesOf(headers, 'Geolocation')).toEqual([
        '<cid:location@app.lab>',
        '<cid:location-2@app.lab>',
        '<https://lis.lab/1>',
        '<https://lis.lab/2>',
      ]);
      expect(valuesOf(headers, 'Geolocation-Routing')).toEqual(['yes']);
      expect(parts.map((part) => part.contentId)).toEqual([
        undefined,
        'location@app.lab',
        'location-2@app.lab',
      ]);
      const read = readPidfLo(String(parts[1]?.body));
      expect(read.ok && read.value).toMatchObject({
        entity: 'sip:ana@provider.lab',
        container: 'tuple',
        shapes: [{ type: 'circle', center: [-3.7, 40.4], radius: 30 }],
      });
    },
  );

  it(
    'carries attachments octet by octet, whatever they are called',
    { meta: { clause: ['TS 103 698 6.1.2.8', 'RFC 5621 8', 'RFC 2183 2.3'], shall: '6.1.2.8-4' } },
    () => {
      const octets = Uint8Array.from({ length: 256 }, (_, i) => i);
      const named = (name: string) =>
        appRequest({
          ...base,
          message: inChat,
          attachments: [{ contentType: 'image/jpeg', name, body: octets }],
        }).parts[1];
      expect(named('a "b".jpg')).toEqual({
        contentType: 'image/jpeg',
        disposition: 'attachment;filename="a \\"b\\".jpg";handling=optional',
        body: octets,
      });
      expect(named('dé.jpg')?.disposition).toBe("attachment;filename*=UTF-8''d%C3%A9.jpg;handling=optional");
      expect(named('x\r\nEvil: 1')?.disposition).toBe('attachment;filename="xEvil: 1";handling=optional');
    },
  );

  it('leaves no part for an empty text', { meta: { clause: 'TS 103 698 6.2.3' } }, () => {
    expect(appRequest({ ...base, message: { ...inChat, text: '' } }).parts).toEqual([]);
    const arabic = 'النجدة 🆘';
    expect(appRequest({ ...base, message: { ...inChat, text: arabic } }).parts[0]?.body).toBe(arabic);
  });
});
