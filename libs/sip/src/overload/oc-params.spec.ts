import { describe, expect, it } from 'vitest';
import { parseVia } from '../codec/via.js';
import {
  feedbackOf,
  offeredAlgorithms,
  sequenceOf,
  stampResponse,
  withFeedback,
  withoutOverload,
} from './oc-params.js';

const params = (text: string) => parseVia(`SIP/2.0/TLS p1.example.net;branch=z9hG4bK1${text}`)!.params;

describe('what a client offers', () => {
  it('is its algorithms in its order', { meta: { clause: ['RFC 7339 4.1', 'RFC 7339 4.2'] } }, () => {
    expect(offeredAlgorithms(params(';oc;oc-algo="loss,A"'))).toEqual(['loss', 'a']);
    expect(offeredAlgorithms(params(';oc;oc-algo="rate, loss"'))).toEqual(['rate', 'loss']);
    for (const none of ['', ';oc', ';oc-algo="loss"'])
      expect(offeredAlgorithms(params(none))).toBeUndefined();
  });
});

describe('what a server says', () => {
  it(
    'is a value, its algorithm, how long it holds, and its number',
    { meta: { clause: 'RFC 7339 6' } },
    () => {
      expect(feedbackOf(params(';oc=20;oc-algo="loss";oc-validity=500;oc-seq=1282321615.782'))).toEqual({
        oc: 20,
        algorithm: 'loss',
        validityMs: 500,
        sequence: { whole: 1_282_321_615, fraction: 78_200 },
      });
      expect(feedbackOf(params(';oc=0;oc-algo="loss";oc-validity=0'))).toMatchObject({
        oc: 0,
        validityMs: 0,
      });
    },
  );

  it('holds for half a second where it does not say', { meta: { clause: 'RFC 7339 4.3' } }, () => {
    expect(feedbackOf(params(';oc=20;oc-algo="loss";oc-seq=1.1'))).toMatchObject({ validityMs: 500 });
  });

  it(
    'is nothing without a value of oc, but that a validity of 0 ends the control',
    { meta: { clause: 'RFC 7339 4.3' } },
    () => {
      expect(feedbackOf(params(';oc;oc-algo="loss,rate"'))).toBeUndefined();
      expect(feedbackOf(params(';oc-validity=5000;oc-seq=1.1'))).toBeUndefined();
      expect(feedbackOf(params(';oc-validity=0;oc-seq=1.1'))).toMatchObject({ oc: 0, validityMs: 0 });
    },
  );

  it('is not believed where it is no number', { meta: { clause: 'RFC 7339 9' } }, () => {
    for (const broken of [';oc=-1', ';oc=1e3', ';oc="20"x', ';oc=12345678901', ';oc=٣'])
      expect(
        feedbackOf(parseVia(`SIP/2.0/UDP a;branch=z9hG4bK1${broken}`)?.params ?? new Map()),
      ).toBeUndefined();
    for (const broken of ['', '.', 'x.1', '1.x', '1234567890123.1', '1.123456', '-1.1'])
      expect(sequenceOf(broken)).toBeUndefined();
    expect(sequenceOf('7')).toEqual({ whole: 7, fraction: 0 });
    expect(feedbackOf(params(';oc=20;oc-validity=999999999'))?.validityMs).toBe(600_000);
  });
});

describe('a Via', () => {
  it(
    'loses the parameters of overload control and nothing else',
    { meta: { clause: ['RFC 7339 5.4', 'RFC 7339 5.6'] } },
    () => {
      const plain = 'SIP/2.0/TCP oc.example:5060;branch=z9hG4bKoc;rport;x="a;oc=1"';
      expect(withoutOverload(plain)).toBe(plain);
      expect(withoutOverload(`${plain};oc;oc-algo="loss,rate"`)).toBe(plain);
      expect(
        withoutOverload(`${plain}; OC = 20 ;oc-algo="loss";oc-validity=500;oc-seq=1.2;received=1.2.3.4`),
      ).toBe(`${plain};received=1.2.3.4`);
      expect(withoutOverload('SIP/2.0/TCP a;octet=1;branch=z9hG4bK1')).toBe(
        'SIP/2.0/TCP a;octet=1;branch=z9hG4bK1',
      );
    },
  );

  it(
    'gets what the server says in place of what the client offers',
    { meta: { clause: 'RFC 7339 5.2' } },
    () => {
      expect(withFeedback('SIP/2.0/TCP a;branch=z9hG4bK1;oc;oc-algo="loss,A"', ';oc=0;oc-algo="loss"')).toBe(
        'SIP/2.0/TCP a;branch=z9hG4bK1;oc=0;oc-algo="loss"',
      );
    },
  );

  it('is stamped in a response without touching the rest', { meta: { clause: 'RFC 7339 5.2' } }, () => {
    const rest =
      'Via: SIP/2.0/UDP c;branch=z9hG4bK2;oc\r\nFrom: <sip:a@b>;tag=1\r\nContent-Length: 2\r\n\r\noc';
    const stamp = (top: string) =>
      stampResponse(Buffer.from(`SIP/2.0 200 OK\r\n${top}\r\n${rest}`), ';oc=7').toString();
    expect(stamp('Via: SIP/2.0/TCP a;branch=z9hG4bK1;oc;oc-algo="loss,rate"')).toBe(
      `SIP/2.0 200 OK\r\nVia: SIP/2.0/TCP a;branch=z9hG4bK1;oc=7\r\n${rest}`,
    );
    expect(stamp('Via: SIP/2.0/TCP a;oc;oc-algo="loss,rate", SIP/2.0/UDP b;oc')).toBe(
      `SIP/2.0 200 OK\r\nVia: SIP/2.0/TCP a;oc=7, SIP/2.0/UDP b;oc\r\n${rest}`,
    );
    const folded = 'Via: SIP/2.0/TCP a;oc\r\n ;branch=z9hG4bK1';
    expect(stamp(folded)).toBe(`SIP/2.0 200 OK\r\n${folded}\r\n${rest}`);
  });
});
