import { expect, it } from 'vitest';
import { esinetB, peer, request, stranger } from '../bcf-fixture.js';
import { addressKey, sourceKeyOf } from './source-key.js';

const meta = { clause: 'RFC 6177 2' };
const flow = { remoteAddress: '192.0.2.1' };

it.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:DB8:0001:0002::1', '2001:db8:1:2'],
  ['2001:db8::1', '2001:db8:0:0'],
  ['::1', '0:0:0:0'],
  ['fe80::1%eth0', 'fe80:0:0:0'],
])('%s counts as %s', { meta }, (address, counted) => {
  expect(addressKey(address)).toBe(counted);
});

it('a stranger is its address, whatever it says of itself', { meta: { clause: 'RFC 3325 5' } }, () => {
  const headers = [['P-Asserted-Identity', '<sip:minister@gov.example>']] as const;
  expect(sourceKeyOf(request({ headers }), stranger, flow)).toEqual({
    origin: '192.0.2.1',
    identity: '192.0.2.1 anna@app.example',
    measured: '192.0.2.1',
  });
});

it('of a peer it is the user that the peer asserts', { meta: { clause: 'RFC 3325 5' } }, () => {
  const headers = [['P-Asserted-Identity', '"x" <sip:d.1@provider.lab;user=phone>']] as const;
  expect(sourceKeyOf(request({ headers }), peer, flow)).toEqual({
    origin: 'peer provider',
    peer: 'provider',
    identity: 'peer provider d.1@provider.lab',
    measured: 'peer provider d.1@provider.lab',
  });
  expect(sourceKeyOf(request(), esinetB, flow).measured).toBe('peer esinet-b anna@app.example');
});

it('a name of any length takes the same room', { meta: { clause: 'RFC 3261 26.3.2.4' } }, () => {
  const long = sourceKeyOf(request({ from: `<sip:${'a'.repeat(1_500)}@app.example>` }), stranger, flow);
  expect(long.identity.length).toBeLessThan(100);
});
