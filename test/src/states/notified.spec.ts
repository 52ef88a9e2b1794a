import { type EsrpStates, ownQueueUri } from '@esinet/element-esrp';
import type { QueueState } from '@esinet/states';
import { until } from '@esinet/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { type Pair, startPair } from './pair.js';
import { subscriberOver } from './outside-subscriber.js';

let pair: Pair | undefined;
let watcher: Awaited<ReturnType<typeof subscriberOver>> | undefined;
afterEach(async () => {
  await watcher?.close();
  await pair?.close();
  pair = watcher = undefined;
});

/** Queues as a router has them. */
function someQueues(first: QueueState) {
  const listeners = new Set<() => void>();
  let now = first;
  return {
    snapshot: () => [now],
    onChange: (listener: () => void) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    become(next: QueueState): void {
      now = next;
      for (const listener of listeners) listener();
    },
  };
}

describe.each(['udp', 'tcp'] as const)('over %s', (transport) => {
  it(
    'a router tells its element, its service and its queues at its own URI, and passes nothing of that on',
    { meta: { clause: ['RFC 6665 4.2.1.1', 'RFC 6665 4.2.1.2', 'RFC 6665 4.2.2', 'RFC 6665 4.2.1.4'] } },
    async () => {
      const made = (pair = await startPair({ transport }));
      const me = (watcher = await subscriberOver(transport));
      const queues = someQueues({
        queueUri: 'sip:madrid@psap.esinet.internal',
        queueLength: 1,
        queueMaxLength: 5,
        state: 'Active',
      });
      const states: EsrpStates = made.states;
      states.tellQueues(queues);
      const port = made.esrpPort;
      const element = me.subscribe({ port, uri: `sip:127.0.0.1:${port}`, event: 'emergency-ElementState' });
      const service = me.subscribe({ port, uri: 'sip:esrp.esinet.lab', event: 'emergency-ServiceState' });
      const uri = ownQueueUri('sip:madrid@psap.esinet.internal', 'esrp.esinet.lab');
      const queue = me.subscribe({ port, uri, event: 'emergency-QueueState;min-rate=1' });
      await until(() => element.told[0] && service.told[0] && queue.told[0]);
      expect(element.told[0]).toMatchObject({
        // On a busy machine it may be Overloaded.
        body: { elementId: 'esrp.esinet.lab' },
        type: 'application/EmergencyCallData.ElementState+json',
        state: { state: 'active' },
      });
      expect(service.told[0]?.body).toMatchObject({ service: { name: 'ESRP', domain: 'esrp.esinet.lab' } });
      expect(queue.told[0]?.body).toMatchObject({ queueUri: uri, queueLength: 1, state: 'Active' });
      queues.become({
        queueUri: 'sip:madrid@psap.esinet.internal',
        queueLength: 5,
        queueMaxLength: 5,
        state: 'Full',
      });
      await until(() => queue.told.some(({ body }) => (body as QueueState).state === 'Full'));

      states.edge.health.overloaded(true);
      await until(() => element.told.some(({ body }) => (body as { state: string }).state === 'Overloaded'));
      await until(() => service.told.some(({ body }) => JSON.stringify(body).includes('Overloaded')));

      const unknown = me.subscribe({ port, uri, event: 'presence' });
      await until(() => unknown.ends[0]);
      expect(unknown.ends).toEqual([{ why: 'refused', status: 489 }]);
      const none = me.subscribe({ port, uri: `sip:127.0.0.1:${port}`, event: 'emergency-QueueState' });
      await until(() => none.ends[0]);
      expect(none.ends).toEqual([{ why: 'refused', status: 404 }]);

      // As it goes down it says so, and that it is the end.
      await made.esrp.close();
      await until(() => element.ends[0] && service.ends[0]);
      expect(element.told.at(-1)).toMatchObject({
        body: { state: 'GoingDown' },
        state: { state: 'terminated', reason: 'probation' },
      });
    },
  );

  it(
    'a PSAP tells the queue and the service of one centre',
    { meta: { clause: 'RFC 6665 4.2.1' } },
    async () => {
      const made = (pair = await startPair({ transport }));
      const me = (watcher = await subscriberOver(transport));
      const to = { port: made.psapPort, uri: 'sip:toledo@psap.esinet.internal' };
      const service = me.subscribe({ ...to, event: 'emergency-ServiceState' });
      const queue = me.subscribe({ ...to, event: 'emergency-QueueState' });
      await until(() => service.told[0] && queue.told[0]);
      expect(service.told[0]?.body).toEqual({
        service: { name: 'PSAP', serviceId: to.uri, domain: 'psap.esinet.internal' },
        serviceState: { state: 'Normal' },
        securityPosture: { posture: 'Green' },
      });
      await made.say({ centre: 'toledo', state: 'ScheduledMaintenanceDown', reason: 'new desks' });
      await until(() => service.told[1] && queue.told[1]);
      expect(service.told[1]?.body).toMatchObject({
        serviceState: { state: 'ScheduledMaintenanceDown', reason: 'new desks' },
      });
      expect(queue.told[1]?.body).toMatchObject({ queueUri: to.uri, state: 'Inactive' });
      queue.subscription.unsubscribe();
      await until(() => queue.ends[0]);
      expect(queue.ends).toEqual([{ why: 'unsubscribed' }]);
      const elsewhere = me.subscribe({ ...to, uri: 'sip:x@elsewhere.lab', event: 'emergency-QueueState' });
      await until(() => elsewhere.ends[0]);
      expect(elsewhere.ends).toEqual([{ why: 'refused', status: 404 }]);
    },
  );
});
