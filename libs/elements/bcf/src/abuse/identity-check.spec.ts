import { ManualClock } from '@esinet/kernel';
import { PrometheusMetrics } from '@esinet/platform';
import { beforeEach, expect, it } from 'vitest';
import { request } from '../bcf-fixture.js';
import { abuseConfigSchema } from './config.js';
import { IdentityCheck, certificateFetch } from './identity-check.js';

let asked: string[];
beforeEach(() => {
  asked = [];
});

function check(
  passports: object,
  clock = new ManualClock(),
): { check: IdentityCheck; metrics: PrometheusMetrics } {
  const metrics = new PrometheusMetrics();
  const config = abuseConfigSchema.parse({ passports }).passports;
  const fetch = (url: string) => {
    asked.push(url);
    return Promise.resolve({ ok: false, error: 'unreachable' } as const);
  };
  return { check: new IdentityCheck(config, { clock, metrics, fetch }), metrics };
}

function signed(x5u: string, iat: number) {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const header = part({ alg: 'ES256', typ: 'passport', x5u });
  const payload = part({ dest: { uri: ['urn:service:sos'] }, iat, orig: { uri: 'sip:anna@app.example' } });
  const token = `${header}.${payload}.${Buffer.alloc(64).toString('base64url')}`;
  return request({ headers: [['Identity', `${token};info=<${x5u}>`]] });
}

it('asks nobody who is not on the list', { meta: { clause: 'RFC 8224 7.2' } }, async () => {
  const clock = new ManualClock();
  const iat = clock.wall() / 1_000;
  const { check: made, metrics } = check({ allowedHosts: ['Cert.Example'] }, clock);
  for (const host of ['169.254.169.254', '127.0.0.1', 'localhost', 'other.example', 'cert.example:444']) {
    expect(made.label(signed(`https://${host}/a.pem`, iat))?.reason, host).toBe('not-allowed');
  }
  expect(asked).toEqual([]);
  expect(made.label(signed('https://cert.example/a.pem', iat))?.reason).toBe('not-fetched');
  expect(asked).toEqual(['https://cert.example/a.pem']);
  expect(await metrics.registry.metrics()).toContain(
    'esinet_bcf_identity_total{outcome="unknown",reason="not-allowed"} 5',
  );
});

it('says nothing where it is turned off or nothing is signed', { meta: { clause: 'RFC 8224 6.2' } }, () => {
  expect(check({ enabled: false }).check.label(signed('https://a/', 1))).toBeUndefined();
  expect(check({}).check.label(request())).toBeUndefined();
});

it(
  'does not go to addresses of this machine or this network, even for a name on the list',
  { meta: { clause: 'RFC 8224 7.2' } },
  async () => {
    const fetch = certificateFetch({ timeout: 1_000, insideAddresses: false });
    for (const host of ['127.0.0.1', '169.254.169.254', '[::1]', '10.0.0.1', '[::ffff:127.0.0.1]']) {
      expect(await fetch(`https://${host}:1/a`), host).toEqual({ ok: false, error: 'inside' });
    }
  },
);
