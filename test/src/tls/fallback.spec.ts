import type { TlsOptions } from '@esinet/platform';
import {
  type CertificateAuthority,
  type LoopbackAgent,
  certificateAuthority,
  freePort,
  loopbackAgent,
} from '@esinet/testing';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type TlsBorder, startTlsBorder } from './tls-border.js';

const meta = { clause: 'TS 103 698 6.1.1', shall: ['6.1.1-4', '6.1.1-6'] };
const callId = 'urn:emergency:uid:callid:abcdefghijklmnopqrstuvwxyz1234:psap.example';

let ours: CertificateAuthority;
let own: TlsOptions;
let psap: LoopbackAgent;
beforeAll(async () => {
  ours = await certificateAuthority('Ours');
  own = await ours.issue({ names: ['URI:sip:esinet.lab'] });
  psap = await loopbackAgent();
});
afterAll(() => psap.stop());

/** A provider that has TCP and UDP, and TLS with a certificate of these names where there are any. */
async function provider(names: readonly string[]): Promise<{ agent: LoopbackAgent; tls: number }> {
  const listeners = (['tcp', 'udp'] as const).map((transport) => ({
    name: transport,
    transport,
    host: '127.0.0.1',
    port: 0,
  }));
  const tls = names.length > 0 ? await ours.issue({ names }) : undefined;
  const agent = await loopbackAgent([
    ...listeners,
    ...(tls ? [{ name: 'tls', transport: 'tls' as const, host: '127.0.0.1', port: 0, tls }] : []),
  ]);
  onTestFinished(() => agent.stop());
  return { agent, tls: tls ? agent.port('tls') : await freePort() };
}

async function borderTo(port: number, policy: object): Promise<TlsBorder> {
  const at = await startTlsBorder(own, {
    peers: [
      {
        name: 'the provider',
        sanUri: 'sip:provider.example',
        domains: ['provider.example'],
        hops: [`tls:127.0.0.1:${port}`],
        ...policy,
      },
    ],
  });
  onTestFinished(() => at.close());
  return at;
}

/** A call taker writes to somebody behind the provider: the status that came back. */
async function write(at: TlsBorder): Promise<number> {
  const outcome = await psap.send({
    method: 'MESSAGE',
    uri: 'sip:ana@provider.example',
    from: 'sip:madrid@psap.esinet.internal',
    to: 'sip:ana@provider.example',
    headers: [['Call-Info', `<${callId}>;purpose=EmergencyCallData.CallId`]],
    body: 'hello',
    contentType: 'text/plain',
    destination: { transport: 'tcp', address: '127.0.0.1', port: at.edge.port('private-tcp') ?? 0 },
  });
  return outcome.kind === 'response' ? outcome.message.status : 0;
}

describe('a peer that has no TLS', () => {
  it('is not reached otherwise, unless its policy says so', { meta }, async () => {
    const { agent, tls } = await provider([]);
    const at = await borderTo(tls, {});
    expect(await write(at)).toBeGreaterThanOrEqual(400);
    expect(agent.received).toEqual([]);
    expect(await at.counted('esinet_sip_tls_fallback_total')).toBe(0);
  });

  it.each(['tcp', 'udp'] as const)(
    'is reached by %s where it does, and each time is told',
    { meta },
    async (transport) => {
      const { agent, tls } = await provider([]);
      const at = await borderTo(tls, { fallback: [`${transport}:${agent.port(transport)}`] });
      for (let i = 1; i <= 3; i++) {
        expect(await write(at)).toBe(200);
        expect(
          await at.counted('esinet_sip_tls_fallback_total', 'peer="the provider"', `"${transport}"`),
        ).toBe(i);
        expect(at.logged.filter(({ event }) => event === 'tls-fallback')).toHaveLength(i);
      }
      expect(agent.received.map(({ flow }) => flow.transport)).toEqual(Array(3).fill(transport));
      // What stands in the message is the way it came.
      expect(agent.received[0]?.message.topVia?.transport).toBe(transport.toUpperCase());
    },
  );
});

describe('a peer whose certificate will not do', () => {
  const names = ['URI:sip:somebody.else'];

  it('is not reached without TLS by a fallback for lack of TLS', { meta }, async () => {
    const { agent, tls } = await provider(names);
    const at = await borderTo(tls, { fallback: [`tcp:${agent.port('tcp')}`] });
    expect(await write(at)).toBeGreaterThanOrEqual(400);
    expect(agent.received).toEqual([]);
    expect(at.logged.find(({ event }) => event === 'tls-server-refused')?.fields).toMatchObject({
      rule: 'wrong-name',
      peer: 'the provider',
    });
  });

  it('is with fallbackOnVerifyFailure', { meta }, async () => {
    const { agent, tls } = await provider(names);
    const fallback = [`tcp:${agent.port('tcp')}`];
    const at = await borderTo(tls, { fallback, fallbackOnVerifyFailure: true });
    expect(await write(at)).toBe(200);
    expect(agent.received[0]?.flow.transport).toBe('tcp');
    expect(await at.counted('esinet_sip_tls_fallback_total')).toBe(1);
  });
});

describe('a peer that was told by fingerprint', () => {
  it('is reached with that certificate and no other', { meta: { clause: 'RFC 5922 7.3' } }, async () => {
    const { agent, tls } = await provider(['URI:sip:provider.example']);
    const other = 'AB:'.repeat(31) + 'AB';
    const wrong = await borderTo(tls, { fingerprints: [other] });
    expect(await write(wrong)).toBeGreaterThanOrEqual(400);
    expect(agent.received).toEqual([]);
    expect(await wrong.counted('esinet_sip_tls_refused_total', 'rule="wrong-fingerprint"')).toBe(1);
    expect(await write(await borderTo(tls, {}))).toBe(200);
  });
});
