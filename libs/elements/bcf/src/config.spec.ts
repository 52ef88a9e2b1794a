import { expect, it } from 'vitest';
import { bcfConfigSchema } from './config.js';
import { nextHopSchema, towards } from './next-hop.js';

const meta = { clause: 'RFC 3263 4' };

it('is the lab by default', { meta }, () => {
  const config = bcfConfigSchema.parse(undefined);
  expect(config.esrp).toEqual([{ transport: 'tcp', address: '127.0.0.1', port: 15070 }]);
  expect(config.public).toMatchObject({ udp: 15060, tcp: 15060, tls: 15061 });
  expect(config.private).toMatchObject({ udp: 15062, tcp: 15062 });
});

it('refuses what it does not know', { meta }, () => {
  for (const wrong of [
    { portt: 1 },
    { public: { udp: 70_000 } },
    { esrp: ['15070'] },
    { numbers: { x: 'urn:service:sos' } },
    { priority: { emergency: 'esnet' } },
  ]) {
    expect(bcfConfigSchema.safeParse(wrong).success, JSON.stringify(wrong)).toBe(false);
  }
});

it('takes next hops by address and by name', { meta }, () => {
  expect(nextHopSchema.parse('tls:[2001:db8::1]:5061;esrp.esinet.lab')).toMatchObject({
    address: '2001:db8::1',
    serverName: 'esrp.esinet.lab',
  });
  expect(towards(nextHopSchema.parse('tcp:esrp.esinet.svc:15070'))).toEqual({
    nextHopUri: 'sip:esrp.esinet.svc:15070;transport=tcp',
  });
  expect(towards(nextHopSchema.parse('tls:esrp.esinet.svc'))).toEqual({
    nextHopUri: 'sips:esrp.esinet.svc;transport=tcp',
  });
  for (const wrong of ['tcp', 'sctp:a.example:1', 'tcp:a.example:99999', 'tcp:-:1', '']) {
    expect(nextHopSchema.safeParse(wrong).success, wrong).toBe(false);
  }
});
