import type { TlsOptions } from '@esinet/platform';
import {
  type CertificateAuthority,
  type LoopbackAgent,
  certificateAuthority,
  loopbackAgent,
} from '@esinet/testing';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type TlsBorder, startTlsBorder } from './tls-border.js';

const meta = { clause: ['RFC 5923 8.2', 'RFC 5923 9.2'], shall: '6.1.1-2' };
const usage = ['server', 'client'] as const;

let ours: CertificateAuthority;
let own: TlsOptions;
beforeAll(async () => {
  ours = await certificateAuthority('Ours');
  own = await ours.issue({ names: ['URI:sip:esinet.lab'], usage });
});

async function providerOf(names: readonly string[]): Promise<LoopbackAgent> {
  const tls = await ours.issue({ names, usage });
  const agent = await loopbackAgent(
    [{ name: 'tls', transport: 'tls', host: '127.0.0.1', port: 0, tls }],
    tls,
  );
  onTestFinished(() => agent.stop());
  return agent;
}

async function borderTo(provider: LoopbackAgent): Promise<TlsBorder> {
  const peer = { name: 'provider', sanUri: 'sip:provider.lab', domains: ['provider.lab'] };
  const hops = [`tls:127.0.0.1:${provider.port('tls')}`];
  const at = await startTlsBorder(own, { peers: [{ ...peer, hops }], bcf: { domains: {} } });
  onTestFinished(() => at.close());
  return at;
}

const callId = (i: number) => `urn:emergency:uid:callid:${String(i).padStart(30, 'x')}:provider.lab`;

async function call(from: LoopbackAgent, at: TlsBorder, i: number): Promise<number> {
  const outcome = await from.send({
    method: 'MESSAGE',
    uri: 'urn:service:sos',
    from: 'sip:ana@provider.lab',
    to: 'urn:service:sos',
    headers: [['Call-Info', `<${callId(i)}>;purpose=EmergencyCallData.CallId`]],
    body: 'help',
    contentType: 'text/plain',
    destination: {
      transport: 'tls',
      address: '127.0.0.1',
      port: at.port('public'),
      serverName: 'esinet.lab',
    },
  });
  return outcome.kind === 'response' ? outcome.message.status : 0;
}

/** A call taker writes to somebody whose chat the border does not know: by the next hop of the domain. */
async function write(psap: LoopbackAgent, at: TlsBorder, i: number): Promise<number> {
  const outcome = await psap.send({
    method: 'MESSAGE',
    uri: 'sip:ben@provider.lab',
    from: 'sip:madrid@psap.esinet.internal',
    to: 'sip:ben@provider.lab',
    headers: [['Call-Info', `<${callId(10_000 + i)}>;purpose=EmergencyCallData.CallId`]],
    body: 'hello',
    contentType: 'text/plain',
    destination: { transport: 'tcp', address: '127.0.0.1', port: at.edge.port('private-tcp') ?? 0 },
  });
  return outcome.kind === 'response' ? outcome.message.status : 0;
}

describe('between a provider and a border', { timeout: 60_000 }, () => {
  it('there is one connection after 1,000 messages both ways', { meta }, async () => {
    const provider = await providerOf(['URI:sip:provider.lab']);
    const psap = await loopbackAgent();
    onTestFinished(() => psap.stop());
    const at = await borderTo(provider);
    const used = new Set<string>();
    expect(await call(provider, at, 0)).toBe(200);
    for (let i = 0; i < 1_000; i += 20) {
      const some = Array.from({ length: 20 }, (_, j) =>
        j % 2 === 0 ? call(provider, at, i + j) : write(psap, at, i + j),
      );
      expect(new Set(await Promise.all(some))).toEqual(new Set([200]));
    }
    for (const { flow } of provider.received) used.add(flow.id);
    expect(provider.received).toHaveLength(500);
    // The one it made itself: nothing was opened to its port.
    expect(used.size).toBe(1);
    expect(provider.stack.transport.connections).toBe(1);
    expect(provider.received[0]?.flow.listener).not.toBe('tls');
  });

  it('one of another domain does not become the way to it', { meta }, async () => {
    const provider = await providerOf(['URI:sip:provider.lab']);
    const other = await providerOf(['URI:sip:other.lab']);
    const psap = await loopbackAgent();
    onTestFinished(() => psap.stop());
    const at = await borderTo(provider);
    // Its Via offers its connection, as everybody's does.
    expect(await call(other, at, 1)).toBe(200);
    expect(await write(psap, at, 1)).toBe(200);
    expect(other.received).toEqual([]);
    expect(provider.received).toHaveLength(1);
  });
});

describe('a private side with a list of clients', () => {
  it(
    'lets in those and nobody else, whoever signed',
    { meta: { clause: 'RFC 5922 7.4', shall: '6.1.1-10' } },
    async () => {
      const bcf = { private: { udp: null, tcp: 0, tls: 0, clients: ['esrp.lab'] } };
      const at = await startTlsBorder(own, { bcf });
      onTestFinished(() => at.close());
      const ask = async (names: readonly string[]): Promise<number> => {
        const outcome = await (
          await providerOf(names)
        ).send({
          method: 'OPTIONS',
          uri: 'sip:esinet.lab',
          from: 'sip:a@esrp.lab',
          to: 'sip:esinet.lab',
          destination: {
            transport: 'tls',
            address: '127.0.0.1',
            port: at.port('private'),
            serverName: 'esinet.lab',
          },
        });
        return outcome.kind === 'response' ? outcome.message.status : 0;
      };
      expect(await ask(['URI:sip:esrp.lab'])).toBe(200);
      expect(await ask(['URI:sip:provider.lab'])).not.toBe(200);
      const refusal = at.logged.find(({ event }) => event === 'tls-refused');
      expect(refusal?.fields).toMatchObject({
        rule: 'not-allowed',
        peer: 'provider',
        listener: 'private-tls',
      });
    },
  );
});
