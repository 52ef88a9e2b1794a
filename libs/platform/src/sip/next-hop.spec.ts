import { expect, it } from 'vitest';
import { nextHopSchema, towards } from './next-hop.js';

it('takes next hops by address and by name', { meta: { clause: 'RFC 3263 4' } }, () => {
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
