import { expect, it } from 'vitest';
import {
  buildRequest,
  buildResponse,
  checkRequest,
  editMessage,
  parseDatagram,
  StreamFramer,
} from '../index.js';
it('thin', () => {
  const b = buildRequest({
    method: 'MESSAGE',
    uri: 'urn:service:sos.police',
    headers: [
      ['Via', 'SIP/2.0/UDP [::1]:5060;branch=z9hG4bKa;rport'],
      ['Max-Forwards', '70'],
      ['From', '"A" <sip:a@b.c>;tag=1'],
      ['To', '<urn:service:sos>'],
      ['Call-ID', 'x@y'],
      ['CSeq', '1 MESSAGE'],
      ['Route', '<sip:a;lr>, <sip:b;lr>'],
      ['Content-Type', 'text/plain'],
    ],
    body: 'hé',
  });
  const p = parseDatagram(b);
  if (p.kind !== 'message') throw new Error(JSON.stringify(p));
  expect(checkRequest(p.message)).toBeUndefined();
  const e = editMessage(p.message, {
    requestUri: 'sip:x@y',
    edits: [
      { op: 'prepend', name: 'Via', value: 'SIP/2.0/TCP z;branch=z9hG4bKq' },
      { op: 'pop', name: 'Route' },
      { op: 'pop', name: 'Route' },
      { op: 'replace-first', name: 'Via', value: 'SIP/2.0/TCP zz' },
      { op: 'set', name: 'Max-Forwards', value: '69' },
    ],
  });
  console.log(e.toString());
  console.log(buildResponse(p.message, 200, undefined, { toTag: 'q' }).toString());
  const f = new StreamFramer();
  const out = [];
  for (const o of Buffer.concat([Buffer.from('\r\n\r\n'), b, e])) out.push(...f.push(Buffer.from([o])));
  expect(out.map((x) => x.kind)).toEqual(['keepalive', 'message', 'message']);
});
