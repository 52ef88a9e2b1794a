import { describe, expect, it } from 'vitest';
import type { Destination } from './destination.js';
import { SipTransportError } from './error.js';
import { mayFallBack } from './tls-fallback.js';
import { isVerification, tlsRuleOf } from './tls-rule.js';

const meta = { clause: 'TS 103 698 6.1.1', shall: '6.1.1-6' };
const strict: Destination = { transport: 'tls', address: '192.0.2.1', port: 5061 };
const lenient: Destination = { ...strict, fallback: { to: [{ transport: 'tcp', port: 5060 }] } };
const careless: Destination = { ...strict, fallback: { ...lenient.fallback!, onVerifyFailure: true } };
const refused = new SipTransportError('refused', 'nobody there');
const handshake = new SipTransportError('tls', 'alert', 'refused-by-peer');
const stranger = new SipTransportError('tls', 'another', 'wrong-name');

describe('a fallback from TLS', () => {
  it.each([
    ['never without a policy', strict, [false, false, false]],
    ['where there is no TLS, and not where the certificate will not do', lenient, [true, true, false]],
    ['there too where the policy says so', careless, [true, true, true]],
  ])('%s', { meta }, (_name, destination, expected) => {
    expect([refused, handshake, stranger].map((error) => mayFallBack(destination, error))).toEqual(expected);
    expect(mayFallBack(destination, new SipTransportError('stopped', 'ending'))).toBe(false);
  });
});

describe('the rule behind an error', () => {
  it.each([
    ['CERT_HAS_EXPIRED', '', 'expired'],
    ['UNSPECIFIED', 'EE certificate key too weak', 'weak-key'],
    ['ERR_SSL_UNSUPPORTED_PROTOCOL', '', 'old-version'],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', '', 'refused-by-peer'],
    ['ERR_SSL_SOMETHING_NEW', '', 'handshake'],
    ['ECONNRESET', '', undefined],
  ])('%s %s', { meta: { clause: 'RFC 5922 7.1' } }, (code, text, rule) => {
    expect(tlsRuleOf(Object.assign(new Error(text), { code }))).toBe(rule);
  });

  it('of a certificate puts in doubt who is there; of a version does not', { meta }, () => {
    expect(isVerification('weak-key')).toBe(true);
    expect(isVerification('old-version')).toBe(false);
  });
});
