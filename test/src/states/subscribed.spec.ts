import { until } from '@esinet/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { subscriberOver } from './outside-subscriber.js';
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
      // On a busy machine it may be Overloaded.
      await until(() => made.table.element('psap.esinet.internal'));
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

it('a PSAP where as many wait as may wait is Full, until a call taker has taken one', async () => {
  const made = (pair = await startPair());
  await until(() => queue(made)?.state === 'Active');
  const caller = await subscriberOver('tcp');
  for (const name of ['one', 'two', 'three']) {
    // Full is a word to routers: who comes all the same is heard.
    expect(await caller.beginChat(made.psapPort, name, `madrid@${made.domain}`)).toBe(200);
  }
  await until(() => queue(made)?.queueLength === 3);
  expect(queue(made)).toMatchObject({ queueMaxLength: 2, state: 'Full' });
  const api = `http://127.0.0.1:${made.psap.http.port}/api`;
  const headers = { 'content-type': 'application/json' };
  await fetch(`${api}/takers/ana`, { method: 'PUT', headers, body: JSON.stringify({ name: 'Ana' }) });
  for (let n = 0; n < 2; n++) {
    const body = JSON.stringify({ taker: 'ana' });
    expect((await fetch(`${api}/queue/accept`, { method: 'POST', headers, body })).status).toBe(200);
  }
  await until(() => queue(made)?.state === 'Active' && queue(made)?.queueLength === 1);
  await caller.close();
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
