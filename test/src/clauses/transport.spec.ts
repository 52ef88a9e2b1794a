import { connect } from 'node:tls';
import { once } from 'node:events';
import { bcfConfigSchema, startBcf } from '@esinet/element-bcf';
import { openChat } from '@esinet/element-app';
import { type RunningElement, SipEdge, defaultLimits, loadTls } from '@esinet/platform';
import { type LoopbackAgent, freePorts, loopbackAgent } from '@esinet/testing';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { Inbox } from '../interop/inbox.js';
import { type TlsEsinet, startTlsEsinet } from './tls-esinet.js';

const place = { lat: 40.4168, lon: -3.7038 };

describe('an ESInet that speaks TLS within', () => {
  let esinet: TlsEsinet;
  beforeAll(async () => void (esinet = await startTlsEsinet()));
  afterAll(() => esinet.close());

  it(
    'carries a chat both ways over connections that are made once',
    {
      meta: {
        clause: ['TS 103 698 6.1.1', 'RFC 5923 8'],
        shall: ['5.1.2-1', '5.2.2-1', '5.4.2-1', '5.6.2-1', '6.1.1-1', '6.1.1-2', '6.1.1-9'],
      },
    },
    async () => {
      const heard = new Inbox<string>();
      const client = await openChat({
        service: 'urn:service:sos',
        from: 'sip:ana@app.lab',
        at: place,
        via: { transport: 'tcp', host: '127.0.0.1', port: esinet.publicPort },
      });
      onTestFinished(() => client.close());
      client.onMessage(({ text }) => heard.put(text));
      expect(await client.start('help')).toMatchObject({ delivered: true });
      await heard.take((text) => text.startsWith('You have reached'));
      const counts = () => (['bcf', 'esrp', 'psap'] as const).map((name) => esinet.connections(name));
      const afterStart = counts();
      for (let i = 0; i < 5; i += 1) {
        expect(await client.say(`said ${i}`)).toMatchObject({ delivered: true });
        await heard.take((text) => text.includes(`said ${i}`));
        const say = await fetch(`${esinet.api}/${encodeURIComponent(client.callId)}/messages`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ text: `answer ${i}` }),
        });
        expect(say.status).toBe(201);
        await heard.take((text) => text === `answer ${i}`);
      }
      // BCF: caller, ESRP, PSAP. ESRP: BCF, PSAP. PSAP: ESRP, BCF; the last one serves both directions.
      expect(afterStart).toEqual([3, 2, 2]);
      expect(counts()).toEqual(afterStart);
    },
  );

  it.each(['bcf', 'esrp', 'psap'] as const)(
    '%s agrees on TLS 1.3, and only with who shows a certificate',
    { meta: { clause: 'TS 103 698 6.1.1', shall: ['6.1.1-1', '6.1.1-10'] } },
    async (element) => {
      const { key, cert, ca } = await loadTls(esinet.pki, 'app');
      const port = esinet.ports[element];
      const known = connect({ host: '127.0.0.1', port, key, cert, ca, checkServerIdentity: () => undefined });
      onTestFinished(() => void known.destroy());
      await once(known, 'secureConnect');
      expect(known.getProtocol()).toBe('TLSv1.3');
      expect(known.authorized).toBe(true);
      const unknown = connect({ host: '127.0.0.1', port, ca, checkServerIdentity: () => undefined });
      onTestFinished(() => void unknown.destroy());
      let heard = 0;
      // With TLS 1.3 the client has finished before the server looks at what it did not show.
      await new Promise<void>((resolve) => {
        unknown.on('error', () => resolve()).on('close', () => resolve());
        unknown.on('data', (bytes: Buffer) => (heard += bytes.length));
        unknown.write('OPTIONS sip:esinet.lab SIP/2.0\r\n');
      });
      expect(heard).toBe(0);
    },
  );
});

describe('what a border falls back to', () => {
  let esrp: LoopbackAgent;
  let phone: LoopbackAgent;
  beforeAll(async () => void ([esrp, phone] = await Promise.all([loopbackAgent(), loopbackAgent()])));
  afterAll(async () => void (await Promise.all([esrp.stop(), phone.stop()])));

  it('TCP, where TLS cannot be had', { meta: { clause: 'TS 103 698 6.1.1', shall: '6.1.1-6' } }, () =>
    reachedBy('tls', 'tcp'),
  );

  it('UDP, where TCP cannot be had', { meta: { clause: 'TS 103 698 6.1.1', shall: '6.1.1-4' } }, () =>
    reachedBy('tcp', 'udp'),
  );

  async function reachedBy(wanted: 'tls' | 'tcp', taken: 'tcp' | 'udp'): Promise<void> {
    const [dead] = await freePorts(1);
    const bcf = await border([`${wanted}:127.0.0.1:${dead}`, `${taken}:127.0.0.1:${esrp.port(taken)}`]);
    const outcome = await phone.send({
      method: 'MESSAGE',
      uri: 'urn:service:sos',
      from: 'sip:ana@app.lab',
      to: 'urn:service:sos',
      body: 'help',
      contentType: 'text/plain; charset=utf-8',
      destination: { transport: 'tcp', address: '127.0.0.1', port: edge(bcf).port('public-tcp') ?? 0 },
    });
    expect(outcome).toMatchObject({ message: { status: 200 } });
    expect(esrp.received.at(-1)?.flow.transport).toBe(taken);
  }

  async function border(esrps: readonly string[]): Promise<RunningElement> {
    const config = bcfConfigSchema.parse({
      http: { port: 0 },
      public: { udp: 0, tcp: 0, tls: null },
      private: { udp: 0, tcp: 0 },
      esrp: esrps,
      failover: '300 ms',
    });
    const bcf = await startBcf(config, {}, { drainMs: 50 });
    onTestFinished(() => bcf.close());
    return bcf;
  }
});

it(
  'a connection at rest is kept for more than 3 minutes by default',
  { meta: { clause: 'TS 103 698 6.1.1', shall: '6.1.1-3' } },
  () => {
    expect(defaultLimits.transport.idleTimeoutMs).toBeGreaterThanOrEqual(180_000);
  },
);

function edge(element: RunningElement): SipEdge {
  return element.get<SipEdge>(SipEdge);
}
