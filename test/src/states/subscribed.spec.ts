import { until } from '@esinet/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { type Pair, startPair } from './pair.js';

let pair: Pair | undefined;
afterEach(async () => {
  await pair?.close();
  pair = undefined;
});

const service = ({ table, domain }: Pair) => table.service('PSAP', domain);
const queue = ({ table, domain }: Pair) => table.queue(`sip:madrid@${domain}`);

describe.each(['udp', 'tcp'] as const)('a router asks a PSAP how it is, over %s', (transport) => {
  it(
    'hears the element, its service and its queue, and each change',
    { meta: { clause: ['RFC 6665 4.1.2.1', 'RFC 6665 4.2.1.2', 'RFC 6665 4.2.2'] } },
    async () => {
      const made = (pair = await startPair({ transport }));
      await until(() => service(made)?.serviceState.state === 'Normal' && queue(made)?.state === 'Active');
      expect(await until(() => made.table.element('psap.esinet.internal'))).toMatchObject({
        state: 'Normal',
      });
      expect(queue(made)).toEqual({
        queueUri: 'sip:madrid@psap.esinet.internal',
        queueLength: 0,
        queueMaxLength: 2,
        state: 'Active',
      });

      expect(await made.say({ posture: 'Red' })).toBe(200);
      await until(() => service(made)?.securityPosture?.posture === 'Red');
      expect(await made.say({ state: 'Down', reason: 'fire alarm' })).toBe(200);
      await until(() => service(made)?.serviceState.state === 'Down');
      expect(service(made)?.serviceState.reason).toBe('fire alarm');
      await until(() => queue(made)?.state === 'Inactive');
      // Of a centre that is not asked for, too: its service is down.
      expect(made.table.queue('sip:toledo@psap.esinet.internal')?.state).toBe('Inactive');
      expect(await made.say({ state: 'Normal', posture: 'Green' })).toBe(200);
      await until(() => queue(made)?.state === 'Active');
      expect(made.table.queue('sip:toledo@psap.esinet.internal')).toBeUndefined();
    },
  );
});

it('says Unreachable of a PSAP that is gone, and what it hears when it is back', async () => {
  const made = (pair = await startPair());
  await until(() => queue(made)?.state === 'Active');
  await made.say({ posture: 'Orange' });
  await until(() => service(made)?.securityPosture?.posture === 'Orange');
  await made.stopPsap();
  await until(() => queue(made)?.state === 'Unreachable');
  await until(() => service(made)?.serviceState.state === 'Unreachable');
  // What was said last is not forgotten.
  expect(service(made)?.securityPosture?.posture).toBe('Orange');
  await made.startPsap();
  await until(() => queue(made)?.state === 'Active');
  await until(() => service(made)?.serviceState.state === 'Normal');
  // Recorded by the PSAP: a posture outlives a restart.
  expect(service(made)?.securityPosture?.posture).toBe('Orange');
});
