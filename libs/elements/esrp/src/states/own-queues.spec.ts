import { expect, it } from 'vitest';
import { OwnQueues, ownQueueUri } from './own-queues.js';

const queues = {
  snapshot: () => [
    { queueUri: 'sip:madrid@psap.example', queueLength: 3, queueMaxLength: 5, state: 'Active' as const },
  ],
  onChange: () => () => undefined,
};

it('a queue before a next hop has a name of its own, not that of the queue at the next hop', () => {
  const own = new OwnQueues(() => queues, 'esrp.example');
  const uri = ownQueueUri('sip:madrid@PSAP.example;transport=tcp', 'esrp.example');
  expect(uri).toBe('sip:madrid%40psap.example@esrp.example');
  expect(own.list()).toMatchObject([{ queueUri: uri, queueLength: 3 }]);
  expect(own.source(uri)?.current()).toMatchObject({ queueUri: uri });
  // By the address of the router, too.
  expect(own.source('sip:madrid%40psap.example@127.0.0.1:5060')?.current()?.queueLength).toBe(3);
  for (const other of ['sip:toledo%40psap.example@esrp.example', 'sip:esrp.example', 'tel:112']) {
    expect(own.source(other)).toBeUndefined();
  }
});
