import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunningElement, SipEdge, ensureLabPki, loadTls } from '@esinet/platform';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { chatHeader } from './bcf-fixture.js';
import { startBcf } from './bcf.module.js';
import { bcfConfigSchema } from './config.js';
import { type LoopbackAgent, loopbackAgent } from '@esinet/testing';

let folder: string;
let esrp: LoopbackAgent;
let bcf: RunningElement;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bcf-spec-'));
  await ensureLabPki({ folder });
  esrp = await loopbackAgent();
  const config = bcfConfigSchema.parse({
    http: { port: 0 },
    public: { udp: 0, tcp: 0, tls: 0 },
    private: { udp: 0, tcp: 0 },
    esrp: [`tcp:127.0.0.1:${esrp.port('tcp')}`],
  });
  bcf = await startBcf(config, {}, { tls: await loadTls(folder, 'bcf'), drainMs: 50 });
});

afterAll(async () => {
  await bcf.close();
  await esrp.stop();
  await rm(folder, { recursive: true, force: true });
});

it.each([
  ['provider', '<sip:caller1@provider.lab>'],
  ['app', undefined],
])(
  'what %s asserts over TLS',
  { meta: { clause: 'RFC 5922 7.1; RFC 3325 5', shall: ['6.1.2.3-13', '6.1.2.3-14', '6.2.2-15'] } },
  async (name, asserted) => {
    const peer = await loopbackAgent([], await loadTls(folder, name));
    try {
      const port = bcf.get<SipEdge>(SipEdge).port('public-tls') ?? 0;
      const outcome = await peer.send({
        method: 'MESSAGE',
        uri: 'urn:service:sos',
        from: 'sip:caller1@provider.lab',
        to: 'urn:service:sos',
        headers: [chatHeader, ['P-Asserted-Identity', '<sip:caller1@provider.lab>']],
        destination: { transport: 'tls', address: '127.0.0.1', port, serverName: 'esinet.lab' },
      });
      expect(outcome).toMatchObject({ kind: 'response', message: { status: 200 } });
      expect(esrp.received.at(-1)?.message.header('P-Asserted-Identity')).toBe(asserted);
    } finally {
      await peer.stop();
    }
  },
);
