import { type SipMessage, parseDatagram } from '@esinet/sip';
import { describe, expect, it } from 'vitest';
import { turnedAway } from './leaving.js';

function request(method: string, uri: string, toTag = ''): SipMessage {
  const text = [
    `${method} ${uri} SIP/2.0`,
    'Via: SIP/2.0/TCP 192.0.2.1;branch=z9hG4bKleaving',
    'From: <sip:a@esinet.lab>;tag=1',
    `To: <${uri}>${toTag}`,
    'Call-ID: leaving@esinet.lab',
    `CSeq: 1 ${method}`,
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n');
  const parsed = parseDatagram(Buffer.from(text));
  if (parsed.kind !== 'message') throw new Error(parsed.kind);
  return parsed.message;
}

const status = (message: SipMessage, phase: 'noticing' | 'finishing') => turnedAway(message, phase)?.status;

describe('what an element that is ending turns away', () => {
  it('at first only those who ask how it is', { meta: { clause: 'TS 103 698 6.1.2.9' } }, () => {
    expect(turnedAway(request('OPTIONS', 'sip:esinet.lab'), 'noticing')).toEqual({
      status: 503,
      headers: [['Retry-After', '5']],
    });
    expect(status(request('OPTIONS', 'sip:madrid@psap.esinet.internal'), 'noticing')).toBeUndefined();
    expect(status(request('MESSAGE', 'urn:service:sos'), 'noticing')).toBeUndefined();
  });

  it('then all that is new, but nothing within a dialog', () => {
    expect(status(request('MESSAGE', 'urn:service:sos'), 'finishing')).toBe(503);
    expect(status(request('INVITE', 'urn:service:sos'), 'finishing')).toBe(503);
    expect(status(request('BYE', 'sip:a@192.0.2.1', ';tag=2'), 'finishing')).toBeUndefined();
    for (const method of ['ACK', 'CANCEL']) {
      expect(status(request(method, 'urn:service:sos'), 'finishing')).toBeUndefined();
    }
  });
});
