import { describe, expect, it } from 'vitest';
import { writeMultipart } from '@esinet/sip';
import { type CallDraft, type Json, holds } from '../policy-fixture.js';

const named = (type: string, more: Json): Json => ({ conditionType: `${type}Condition`, ...more });
const yes = (condition: Json, draft?: CallDraft): void => expect(holds(condition, draft)).toBe(true);
const no = (condition: Json, draft?: CallDraft): void => expect(holds(condition, draft)).not.toBe(true);

function withParts(...parts: readonly (readonly [type: string, body: string])[]): CallDraft {
  const { contentType, body } = writeMultipart([
    { headers: [['Content-Type', 'text/plain']], body: 'Hilfe' },
    ...parts.map(([type, text]) => ({ headers: [['Content-Type', type]] as [string, string][], body: text })),
  ]);
  return { headers: [['Content-Type', contentType]], body: body.toString('latin1') };
}

const alert = withParts([
  'application/EmergencyCallData.cap+xml',
  `<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>g-1</identifier><sender>sip:gauge4@sensors.example</sender>
   <status>Actual</status><info><event>High water</event><severity>Severe</severity>
   <eventCode><valueName>SAME</valueName><value>FLW</value></eventCode></info></alert>`,
]);

it('sees types of body parts', { meta: { clause: 'NENA-STA-010 3.3.3.1.4' } }, () => {
  yes(named('MimeBody', { mimeList: ['image/png', 'application/EmergencyCallData.cap+xml'] }), alert);
  yes(named('MimeBody', { mimeList: ['text/plain'] }), alert);
  no(named('MimeBody', { mimeList: ['image/png'] }), alert);
  no(named('MimeBody', { mimeList: ['text/plain'] }));
  yes({ ...named('MimeBody', { mimeList: ['image/png'] }), negation: true });
});

it('reads fields of a CAP alert', { meta: { clause: 'NENA-STA-010 3.3.3.1.17' } }, () => {
  const cap = (tag: string, operator: string, content: string, more: Json = {}): Json =>
    named('Cap', { tag, operator, content, ...more });
  yes(cap('Identifier', 'EQ', 'G-1'), alert);
  yes(cap('Sender', 'SS', '@sensors.example'), alert);
  yes(cap('InfoEventCode', 'EQ', 'FLW'), alert);
  yes(cap('InfoValueName', 'EQ', 'SAME'), alert);
  yes(cap('Severity', 'EQ', 'Severe'), alert);
  yes(cap('Severity', 'NE', 'Minor'), alert);
  no(cap('Severity', 'NE', 'Minor'));
  yes(cap('Event', 'EQ', 'High water', { nonInteractive: true }), alert);
  no(cap('Event', 'EQ', 'High water', { nonInteractive: false }), alert);
  expect(
    holds(cap('Event', 'EQ', 'x'), withParts(['application/EmergencyCallData.cap+xml', '<alert>'])),
  ).toContain('the alert is not readable');
});

it('reads elements of a part, and members of JSON', { meta: { clause: 'NENA-STA-010 3.3.3.1.12' } }, () => {
  const part = (contentType: string, element: string, operator: string, content?: string): Json =>
    named('BodyPart', { contentType, element, operator, ...(content !== undefined && { content }) });
  const json = withParts(['application/json', '{"reading":{"level":36.5,"unit":"cm"},"tags":["a","b"]}']);
  yes(part('application/json', 'level', 'GT', '36'), json);
  yes(part('application/json', 'reading/unit', 'EQ', 'cm'), json);
  no(part('application/json', 'other/unit', 'EQ', 'cm'), json);
  yes(part('application/json', 'tags', 'EQ', 'b'), json);
  yes(part('application/EmergencyCallData.cap+xml', 'info/severity', 'EQ', 'severe'), alert);
  yes(part('application/EmergencyCallData.cap+xml', 'headline', 'missing'), alert);
  yes(part('application/pidf+xml', 'country', 'missing'), alert);
  expect(holds(part('application/json', 'a', 'EQ', 'b'), withParts(['application/json', '{']))).toContain(
    'is no JSON',
  );
  expect(holds(part('text/plain', 'a', 'NE', 'b'), alert)).toContain('neither XML nor JSON');
});

it(
  'reads additional data by value, and says when it comes by reference',
  { meta: { clause: ['NENA-STA-010 3.3.3.1.3', 'RFC 7852 6'] } },
  () => {
    const data = (operator: string, more: Json = {}): Json =>
      named('AdditionalData', { type: 'EmergencyCallData.ServiceInfo', operator, ...more });
    const business = { element: 'ServiceEnvironment', content: 'Business' };
    const value = withParts([
      'application/EmergencyCallData.ServiceInfo+xml',
      '<s:EmergencyCallData.ServiceInfo xmlns:s="urn:x"><s:ServiceEnvironment> Business </s:ServiceEnvironment></s:EmergencyCallData.ServiceInfo>',
    ]);
    const reference: CallDraft = {
      headers: [['Call-Info', '<https://data.example/1>;purpose=EmergencyCallData.ServiceInfo']],
    };
    yes(data('exists'), value);
    yes(data('EQ', business), value);
    no(data('NE', business), value);
    yes(data('exists'), reference);
    no(data('missing'), reference);
    expect(holds(data('NE', business), reference)).toContain('by reference');
    yes(data('missing'));
  },
);

describe('an offer', () => {
  const clause = { meta: { clause: ['NENA-STA-010 3.3.3.1.16', 'RFC 8373 5.2', 'RFC 3264 5.1'] } };
  const offer: CallDraft = {
    method: 'INVITE',
    headers: [['Content-Type', 'application/sdp']],
    body: 'v=0\r\nm=audio 4000 RTP/AVP 0\r\na=hlang-recv:es-MX ca\r\nm=video 0 RTP/AVP 96\r\nm=text 4002 RTP/AVP 98\r\n',
  };
  it('has the media and languages asked for', clause, () => {
    yes(named('SdpOffer', { audio: true }), offer);
    yes(named('SdpOffer', { audio: true, rtt: true, text: true }), offer);
    no(named('SdpOffer', { video: true }), offer);
    no(named('SdpOffer', { im: true }), offer);
    yes(named('SdpOffer', { langAudio: ['es', 'fr'] }), offer);
    no(named('SdpOffer', { langAudio: ['fr'] }), offer);
    no(named('SdpOffer', { audio: true }));
  });
});

describe('a location', () => {
  const clause = { meta: { clause: 'NENA-STA-010 3.3.3.1.5' } };
  const square = [
    [
      [-4, 40],
      [-3, 40],
      [-3, 41],
      [-4, 41],
      [-4, 40],
    ],
  ];
  const area = (more: Json = {}): Json =>
    named('Location', {
      location: [{ label: 'Madrid', geojson: { type: 'Polygon', coordinates: square } }],
      ...more,
    });
  const point = { location: { type: 'point', position: [-3.7, 40.4] } } as const;
  const edge = { location: { type: 'circle', center: [-3, 40.5], radius: 1_000 } } as const;

  it('is in an area or touches it', clause, () => {
    yes(area(), point);
    yes(area({ relation: 'within' }), point);
    yes(area(), edge);
    no(area({ relation: 'within' }), edge);
    no(area(), { location: { type: 'point', position: [-2, 40] } });
    yes({ ...area(), negation: true }, { location: { type: 'point', position: [-2, 40] } });
    expect(holds({ ...area(), negation: true })).toContain('is not known as a shape');
  });

  it('takes the area from a PIDF-LO or a GML shape', clause, () => {
    const circle =
      '<gs:Circle xmlns:gs="http://www.opengis.net/pidflo/1.0" xmlns:gml="http://www.opengis.net/gml" srsName="urn:ogc:def:crs:EPSG::4326"><gml:pos>40.4 -3.7</gml:pos><gs:radius uom="urn:ogc:def:uom:EPSG::9001">500</gs:radius></gs:Circle>';
    yes(named('Location', { location: [{ profile: 'geodetic', lo: circle }] }), point);
    no(named('Location', { location: [{ profile: 'geodetic', lo: circle }] }), edge);
  });
});
