import { expect, it } from 'vitest';
import { ask, harness, proxyAddress, requestBytes, sendRaw } from '../proxy/proxy-harness.js';

const meta = { clause: ['RFC 3261 26.3.2.4', 'RFC 3261 8.2.7'] };

it(
  'a request is asked about once, however often it comes, and leaves nothing behind if it is not let in',
  { meta },
  async () => {
    const { clock, network, at, proxy } = harness();
    let asked = 0;
    let routed = 0;
    const { transactions } = proxy({
      route: () => {
        routed++;
        return { kind: 'answer', status: 200 };
      },
    });
    let answer: { status: number; headers?: [string, string][] } | undefined;
    transactions.admit = () => {
      asked++;
      return answer;
    };
    const node = network.node({ address: '192.0.2.66' });
    const answers: string[] = [];
    node.onMessage = ({ message }) => void answers.push(`${message.status} ${message.header('Retry-After')}`);
    const say = (branch: string, method = 'MESSAGE') => {
      const via = `\r\nVia: SIP/2.0/UDP 192.0.2.66;rport;branch=z9hG4bK${branch}\r\n`;
      const text = requestBytes({ method, callId: branch }).toString('latin1').replace('\r\n', via);
      sendRaw(node, at(proxyAddress), text);
      return clock.run(20);
    };
    await say('one');
    await say('one');
    expect([asked, routed, answers.length]).toEqual([1, 1, 2]);
    answer = { status: 480, headers: [['Retry-After', '5']] };
    await say('two');
    expect(answers.at(-1)).toBe('480 5');
    // What was not let in may be later.
    answer = undefined;
    await say('two');
    expect([asked, routed]).toEqual([3, 2]);
    answer = { status: 0 };
    await say('three', 'INVITE');
    // A CANCEL of nothing is as new as anything else.
    await say('four', 'CANCEL');
    expect([asked, routed, answers.length]).toEqual([5, 2, 4]);
    await clock.run(40_000, 100);
    expect(transactions.size.server).toBe(0);
    expect(transactions.counters.notAdmitted).toBe(3);
  },
);

it('what runs is not asked about: CANCEL, ACK, responses', { meta }, async () => {
  const { clock, at, proxy, caller, callee } = harness();
  const far = callee('192.0.2.7', (tx) => {
    tx.onCancel(() => tx.respond({ status: 487 }));
    tx.respond({ status: 180 });
  });
  const { transactions } = proxy({
    route: () => ({ kind: 'forward', targets: [{ destination: at('192.0.2.7') }] }),
  });
  const near = caller();
  const call = ask(near, at(proxyAddress), { method: 'INVITE' });
  await clock.run(50);
  transactions.admit = () => ({ status: 0 });
  expect(call.statuses).toContain(180);
  call.client.cancel();
  await clock.run(200);
  expect(call.statuses.at(-1)).toBe(487);
  expect(far.received).toHaveLength(1);
});
