import { expect, it } from 'vitest';
import { ask, harness, proxyAddress, requestBytes, sendRaw } from '../proxy/proxy-harness.js';

const stranger = '192.0.2.66';

it(
  'an INVITE over UDP that is refused has one answer each time it comes',
  { meta: { clause: ['RFC 3261 8.2.7', 'RFC 3261 26.3.2.4'] } },
  async () => {
    const { clock, network, at, proxy } = harness();
    let routed = 0;
    const { transactions } = proxy({
      route: () => {
        routed++;
        return { kind: 'reject', status: 404 };
      },
    });
    const node = network.node({ address: stranger });
    const answers: string[] = [];
    node.onMessage = ({ message }) => void answers.push(`${message.status} ${message.to?.tag}`);
    const via = '\r\nVia: SIP/2.0/UDP 192.0.2.66;rport;branch=z9hG4bKonce\r\n';
    const invite = requestBytes({ method: 'INVITE', callId: 'once' }).toString('latin1').replace('\r\n', via);
    sendRaw(node, at(proxyAddress), invite);
    await clock.run(40_000, 100);
    expect(answers).toHaveLength(1);
    sendRaw(node, at(proxyAddress), invite);
    await clock.run(100);
    expect([answers.length, new Set(answers).size]).toEqual([2, 1]);
    // The ACK of it goes nowhere.
    const tag = answers[0]!.split(' ')[1]!;
    const ack = invite
      .replace('INVITE urn', 'ACK urn')
      .replace('1 INVITE', '1 ACK')
      .replace('To: <urn:service:sos>', `To: <urn:service:sos>;tag=${tag}`);
    sendRaw(node, at(proxyAddress), ack);
    await clock.run(100);
    expect(routed).toBe(2);
    expect([transactions.size.server, transactions.unanswered]).toEqual([0, 0]);
  },
);

it(
  'one that had its 100, and one over a connection, are refused by the book',
  { meta: { clause: ['RFC 3261 17.2.1', 'RFC 3261 17.1.1.3'] } },
  async () => {
    for (const [transport, statuses] of [
      ['udp', [100, 404]],
      ['tcp', [100, 404]],
    ] as const) {
      const { clock, at, proxy, caller } = harness(transport);
      const { transactions } = proxy({
        route: async () => {
          await new Promise<void>((resolve) => clock.after(1_000, resolve));
          return { kind: 'reject', status: 404 };
        },
      });
      const asked = ask(caller(), at(proxyAddress), { method: 'INVITE' });
      await clock.run(1_200, 50);
      expect(asked.statuses).toEqual(statuses);
      expect(transactions.size.server).toBe(transport === 'udp' ? 1 : 0);
      await clock.run(40_000, 500);
      expect(transactions.size.server).toBe(0);
    }
  },
);
