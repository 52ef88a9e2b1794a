import { buildRequest, writeMultipart } from '@esinet/sip';
import { mutate } from '../mutate.js';

/** Chats that the messages belong to: enough to meet in each other's state, few enough to stay in memory. */
const chats = 300;

export interface Target {
  readonly transport: 'udp' | 'tcp' | 'ws';
  readonly port: number;
}

/** What a message says about where it comes from. */
interface Sender {
  readonly via: string;
  readonly contact: string;
  readonly serial: string;
  readonly chat: number;
}

type Template = (s: Sender, random: () => number) => Buffer;

/** The next message to send: seldom as it should be, mostly changed, sometimes cut off, sometimes no SIP at all. */
export function nextMessage(serial: number, target: Target, ownPort: number, random: () => number): Buffer {
  const what = random();
  if (what < 0.02) return garbage(random);
  const sender: Sender = {
    via: `SIP/2.0/${target.transport.toUpperCase()} 127.0.0.1:${ownPort};rport;branch=z9hG4bKfuzz${serial}`,
    contact: `<sip:fuzz@127.0.0.1:${ownPort}>`,
    serial: `fuzz${serial}`,
    chat: Math.floor(random() * chats),
  };
  const bytes = templates[Math.floor(random() * templates.length)]?.(sender, random) ?? Buffer.alloc(0);
  if (what < 0.07) return bytes;
  if (what < 0.12) return bytes.subarray(0, Math.floor(random() * bytes.length));
  const changed = mutate(bytes, random);
  return target.transport === 'udp' ? changed.subarray(0, maxDatagram) : changed;
}

/** RFC 768 over IPv4. */
const maxDatagram = 65_507;

const templates: readonly Template[] = [
  ...times(4, start),
  ...times(4, inChat),
  startWithReference,
  stop,
  heartbeat,
  options,
  invite,
  register,
  callback,
  response,
  response,
  ack,
];

function times(count: number, template: Template): Template[] {
  return Array.from({ length: count }, () => template);
}

function request(
  s: Sender,
  method: string,
  uri: string,
  more: readonly (readonly [string, string])[],
  body?: string | Buffer,
): Buffer {
  return buildRequest({
    method,
    uri,
    headers: [
      ['Via', s.via],
      ['Max-Forwards', '70'],
      ['From', `"Fuzz ${s.chat}" <sip:fuzz${s.chat}@app.lab>;tag=f${s.chat}`],
      ['To', uri.startsWith('urn:') ? '<urn:service:sos>' : `<${uri}>`],
      ['Call-ID', `${s.serial}@app.lab`],
      ['CSeq', `1 ${method}`],
      ...more,
    ],
    ...(body === undefined ? {} : { body }),
  });
}

function identifiers(s: Sender, type: number, id?: number): [string, string][] {
  const chat = `fuzzchat${s.chat}`.padEnd(26, 'x');
  return [
    ['Call-Info', `<urn:emergency:uid:callid:${chat}:app.lab>; purpose=EmergencyCallData.CallId`],
    ['Call-Info', `<urn:emergency:uid:msgtype:${type}:app.lab>; purpose=EmergencyCallData.MsgType`],
    ...(id === undefined
      ? []
      : [
          ['Call-Info', `<urn:emergency:uid:msgid:${id}:app.lab>; purpose=EmergencyCallData.MsgId`] as [
            string,
            string,
          ],
        ]),
  ];
}

function start(s: Sender, random: () => number): Buffer {
  const { contentType, body } = writeMultipart(
    [
      { headers: [['Content-Type', 'text/plain; charset=utf-8']], body: 'hay fuego en la cocina 🔥' },
      {
        headers: [
          ['Content-Type', 'application/pidf+xml'],
          ['Content-ID', '<place@app.lab>'],
        ],
        body: place(36 + random() * 8, -9 + random() * 12),
      },
    ],
    { boundary: 'fuzz-part' },
  );
  return request(
    s,
    'MESSAGE',
    'urn:service:sos',
    [
      ...identifiers(s, 257, 1),
      ['Geolocation', '<cid:place@app.lab>'],
      ['Geolocation-Routing', 'yes'],
      ['Resource-Priority', 'esnet.1'],
      ['Content-Type', contentType],
    ],
    body,
  );
}

function startWithReference(s: Sender): Buffer {
  return request(
    s,
    'MESSAGE',
    'urn:service:sos.fire',
    [
      ...identifiers(s, 257, 1),
      ['Geolocation', '<http://127.0.0.1:15985/loc/x>, <cid:nothing@app.lab>'],
      ['Geolocation-Routing', 'yes'],
      ['P-Asserted-Identity', '<sip:someone@provider.lab>'],
      ['Content-Type', 'text/plain'],
    ],
    'help',
  );
}

function inChat(s: Sender, random: () => number): Buffer {
  return request(
    s,
    'MESSAGE',
    random() < 0.5 ? 'sip:madrid@esinet.lab' : 'urn:service:sos',
    [...identifiers(s, 259, 2 + Math.floor(random() * 50)), ['Content-Type', 'text/plain; charset=utf-8']],
    'tercer piso, izquierda',
  );
}

function stop(s: Sender): Buffer {
  return request(s, 'MESSAGE', 'sip:madrid@esinet.lab', identifiers(s, 258, 60));
}

function heartbeat(s: Sender): Buffer {
  return request(s, 'MESSAGE', 'sip:madrid@esinet.lab', identifiers(s, 260));
}

function options(s: Sender): Buffer {
  return request(s, 'OPTIONS', 'sip:esinet.lab', [['Accept', 'application/sdp']]);
}

function invite(s: Sender): Buffer {
  const sdp =
    'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n';
  return request(
    s,
    'INVITE',
    'urn:service:sos',
    [
      ['Contact', s.contact],
      ['Content-Type', 'application/sdp'],
    ],
    sdp,
  );
}

function ack(s: Sender): Buffer {
  return request(s, 'ACK', 'sip:madrid@esinet.lab', [['Route', '<sip:esinet.lab;lr>']]);
}

function register(s: Sender): Buffer {
  return request(s, 'REGISTER', 'sip:provider.lab', [
    ['Contact', `${s.contact};expires=60;+sip.instance="<urn:uuid:0>";reg-id=1`],
    ['Supported', 'path, outbound, gruu'],
    [
      'Authorization',
      'Digest username="caller1", realm="provider.lab", nonce="0", uri="sip:provider.lab", response="0", algorithm=SHA-256, qop=auth, nc=00000001, cnonce="0"',
    ],
  ]);
}

function callback(s: Sender): Buffer {
  return request(
    s,
    'MESSAGE',
    `sip:fuzz${s.chat}@app.lab`,
    [
      ...identifiers(s, 259, 3),
      ['Route', '<sip:127.0.0.1:15062;lr>'],
      ['Reply-To', 'sip:madrid@psap.esinet.internal'],
      ['History-Info', '<sip:madrid@psap.esinet.internal>;index=1'],
      ['Content-Type', 'text/plain'],
    ],
    'answer',
  );
}

function response(s: Sender): Buffer {
  return Buffer.from(
    [
      'SIP/2.0 200 OK',
      `Via: SIP/2.0/TCP 127.0.0.1:15062;branch=z9hG4bK${s.serial}`,
      `Via: ${s.via}`,
      `From: <sip:fuzz${s.chat}@app.lab>;tag=f`,
      'To: <urn:service:sos>;tag=t',
      `Call-ID: ${s.serial}@app.lab`,
      'CSeq: 1 MESSAGE',
      'Content-Length: 0',
      '',
      '',
    ].join('\r\n'),
  );
}

function garbage(random: () => number): Buffer {
  const bytes = Buffer.alloc(1 + Math.floor(random() * 1_400));
  for (let i = 0; i < bytes.length; i++) bytes[i] = Math.floor(random() * 256);
  return bytes;
}

function place(latitude: number, longitude: number): string {
  return (
    '<?xml version="1.0"?><presence xmlns="urn:ietf:params:xml:ns:pidf" ' +
    'xmlns:g="urn:ietf:params:xml:ns:pidf:geopriv10" xmlns:gml="http://www.opengis.net/gml" ' +
    'entity="pres:fuzz@app.lab"><tuple id="t"><status><g:geopriv><g:location-info>' +
    '<gml:Point srsName="urn:ogc:def:crs:EPSG::4326">' +
    `<gml:pos>${latitude.toFixed(4)} ${longitude.toFixed(4)}</gml:pos></gml:Point></g:location-info>` +
    '<g:usage-rules/></g:geopriv></status></tuple></presence>'
  );
}

/** Documents for the LoST and the HELD server, as they should be. */
export const findService =
  '<?xml version="1.0" encoding="UTF-8"?><findService xmlns="urn:ietf:params:xml:ns:lost1" serviceBoundary="value">' +
  '<location id="a" profile="geodetic-2d"><gs:Circle xmlns:gs="http://www.opengis.net/pidflo/1.0" ' +
  'xmlns="http://www.opengis.net/gml" srsName="urn:ogc:def:crs:EPSG::4326"><pos>40.4168 -3.7038</pos>' +
  '<gs:radius uom="urn:ogc:def:uom:EPSG::9001">50</gs:radius></gs:Circle></location>' +
  '<service>urn:service:sos</service></findService>';

export const locationRequest =
  '<?xml version="1.0" encoding="UTF-8"?><locationRequest xmlns="urn:ietf:params:xml:ns:geopriv:held" ' +
  'responseTime="emergencyRouting"><locationType exact="false">geodetic locationURI</locationType>' +
  '<device xmlns="urn:ietf:params:xml:ns:geopriv:held:id"><uri>sip:caller1@provider.lab</uri></device></locationRequest>';
