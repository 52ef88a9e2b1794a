/** What a caller's message carries besides its text: identifiers of TS 103 698 6.1.2.7 and a place by value (RFC 6442). */
export interface CallerMessage {
  readonly callId: string;
  readonly messageId?: number;
  readonly messageType: number;
  readonly text: string;
  readonly latitude: number;
  readonly longitude: number;
}

export function callInfo(m: CallerMessage): string[] {
  const values = [
    `<urn:emergency:uid:callid:${m.callId}:provider.lab>; purpose=EmergencyCallData.CallId`,
    `<urn:emergency:uid:msgtype:${m.messageType}:provider.lab>; purpose=EmergencyCallData.MsgType`,
  ];
  if (m.messageId !== undefined) {
    values.push(`<urn:emergency:uid:msgid:${m.messageId}:provider.lab>; purpose=EmergencyCallData.MsgId`);
  }
  return values;
}

export function headers(m: CallerMessage): string[] {
  return [
    ...callInfo(m).map((value) => `Call-Info: ${value}`),
    'Geolocation: <cid:place@provider.lab>',
    'Geolocation-Routing: yes',
  ];
}

export const boundary = 'app-part';
export const contentType = `multipart/mixed; boundary=${boundary}`;

export function body(m: CallerMessage): string {
  return [
    `--${boundary}`,
    'Content-Type: text/plain; charset=utf-8',
    '',
    m.text,
    `--${boundary}`,
    'Content-Type: application/pidf+xml',
    'Content-ID: <place@provider.lab>',
    '',
    '<?xml version="1.0" encoding="UTF-8"?>' +
      '<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:g="urn:ietf:params:xml:ns:pidf:geopriv10" ' +
      'xmlns:gml="http://www.opengis.net/gml" entity="pres:caller@provider.lab"><tuple id="a"><status><g:geopriv>' +
      '<g:location-info><gml:Point srsName="urn:ogc:def:crs:EPSG::4326">' +
      `<gml:pos>${m.latitude} ${m.longitude}</gml:pos></gml:Point></g:location-info><g:usage-rules/>` +
      '</g:geopriv></status></tuple></presence>',
    `--${boundary}--`,
    '',
  ].join('\r\n');
}

export const messageTypeOf = (callInfoValues: readonly string[]): number | undefined => {
  for (const value of callInfoValues) {
    const found = /msgtype:(\d+):/.exec(value);
    if (found) return Number(found[1]);
  }
  return undefined;
};
