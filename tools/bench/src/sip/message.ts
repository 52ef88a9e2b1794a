/** Digits that make each message of a run its own: branch, Call-ID, tag and Call Identifier carry the same number. */
const digits = 8;
const mark = '#'.repeat(digits);

/** A start of a chat (TS 103 698 6.2.2) of about 2.5 kB, with a mark where the number of the message stands. */
function text(transport: 'UDP' | 'TCP', port: number): string {
  const filler =
    'The stairs are dark, the door is open, the dog is friendly and tied up in the yard. '.repeat(6);
  const body = [
    '--lab-part',
    'Content-Type: text/plain; charset=utf-8',
    '',
    filler,
    '--lab-part',
    'Content-Type: application/pidf+xml',
    `Content-ID: <place-${mark}@app.lab>`,
    '',
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:gp="urn:ietf:params:xml:ns:pidf:geopriv10" ' +
      'xmlns:gml="http://www.opengis.net/gml" xmlns:gs="http://www.opengis.net/pidflo/1.0" entity="pres:caller@app.lab">',
    '  <tuple id="here"><status><gp:geopriv><gp:location-info>',
    '    <gs:Circle srsName="urn:ogc:def:crs:EPSG::4326"><gml:pos>40.416800 -3.703800</gml:pos>' +
      '<gs:radius uom="urn:ogc:def:uom:EPSG::9001">35.0</gs:radius></gs:Circle>',
    '  </gp:location-info><gp:usage-rules><gp:retransmission-allowed>no</gp:retransmission-allowed>' +
      '</gp:usage-rules><gp:method>GPS</gp:method></gp:geopriv></status>',
    '  <timestamp>2026-01-01T12:00:00Z</timestamp></tuple></presence>',
    '--lab-part--',
    '',
  ].join('\r\n');
  const head = [
    'MESSAGE urn:service:sos SIP/2.0',
    `Via: SIP/2.0/${transport} 127.0.0.1:${port};branch=z9hG4bKbench${mark};rport`,
    'Max-Forwards: 70',
    `From: "Caller" <sip:caller@app.lab>;tag=${mark}`,
    'To: <urn:service:sos>',
    `Call-ID: ${mark}.bench@127.0.0.1`,
    'CSeq: 1 MESSAGE',
    `Call-Info: <urn:emergency:uid:callid:bench${mark}abcdef:app.lab>; purpose=EmergencyCallData.CallId`,
    'Call-Info: <urn:emergency:uid:msgid:1:app.lab>; purpose=EmergencyCallData.MsgId',
    'Call-Info: <urn:emergency:uid:msgtype:257:app.lab>; purpose=EmergencyCallData.MsgType',
    `Geolocation: <cid:place-${mark}@app.lab>`,
    'Geolocation-Routing: yes',
    'Accept: text/plain, application/pidf+xml, multipart/mixed',
    'Allow: MESSAGE, OPTIONS',
    'Accept-Language: en, es;q=0.8, ca;q=0.7',
    'User-Agent: load generator',
    'Content-Type: multipart/mixed; boundary=lab-part',
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    '',
  ].join('\r\n');
  return head + body;
}

/** Makes the messages of a run by patching numbers into one buffer: the generator must be cheaper than what it measures. */
export class MessageTemplate {
  readonly #bytes: Buffer;
  readonly #places: readonly number[];

  constructor(transport: 'UDP' | 'TCP', port: number) {
    this.#bytes = Buffer.from(text(transport, port), 'latin1');
    const places: number[] = [];
    for (let at = this.#bytes.indexOf(mark); at >= 0; at = this.#bytes.indexOf(mark, at + digits))
      places.push(at);
    this.#places = places;
  }

  get length(): number {
    return this.#bytes.length;
  }

  /** The message with the given number, in a buffer of its own. */
  make(number: number): Buffer {
    const copy = Buffer.allocUnsafe(this.#bytes.length);
    this.#bytes.copy(copy);
    const figures = number.toString(16).padStart(digits, '0');
    for (const place of this.#places) copy.write(figures, place, 'latin1');
    return copy;
  }
}
