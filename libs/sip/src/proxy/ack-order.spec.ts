import { expect, it } from 'vitest';
import { harness, requestBytes } from './proxy-harness.js';

it.each([
  ['at once', (decision: object) => decision],
  ['later', (decision: object) => Promise.resolve(decision)],
] as const)(
  'an ACK for a 2xx is not overtaken by the next request of its dialog, decided on %s',
  { meta: { clause: ['RFC 3261 13.2.2.4', 'RFC 3261 16.11'] } },
  async (_when, given) => {
    const { clock, at, proxy, callee, layer } = harness('tcp');
    proxy({ route: () => given({ kind: 'forward', targets: [{ destination: at('192.0.2.2') }] }) as never });
    const arrived: string[] = [];
    const bob = callee('192.0.2.2', (tx) => void arrived.push(tx.request.method));
    bob.transactions.onAck = () => void arrived.push('ACK');
    const alice = layer('192.0.2.1');
    const send = (method: string, cseq: number) =>
      alice.transactions.request(
        {
          bytes: requestBytes({ method, cseq, uri: 'sip:bob@192.0.2.2', to: '<sip:bob@192.0.2.2>;tag=b' }),
          destination: at('192.0.2.100'),
        },
        { onResponse: () => undefined, onFailure: () => undefined },
      );
    for (let i = 0; i < 5; i++) {
      alice.transactions.sendStateless({
        bytes: requestBytes({
          method: 'ACK',
          cseq: 1,
          uri: 'sip:bob@192.0.2.2',
          to: '<sip:bob@192.0.2.2>;tag=b',
        }),
        destination: at('192.0.2.100'),
      });
      send('INFO', i + 2);
    }
    await clock.run(100, 1);
    expect(arrived).toEqual(Array.from({ length: 5 }, () => ['ACK', 'INFO']).flat());
  },
);
