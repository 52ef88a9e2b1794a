import { expect, it } from 'vitest';
import { bcfConfigSchema } from './config.js';

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
