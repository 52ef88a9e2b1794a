import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger, systemClock } from '@esinet/kernel';
import { bcfConfigSchema, startBcf } from '@esinet/element-bcf';
import { esrpConfigSchema, startEsrp } from '@esinet/element-esrp';
import { psapConfigSchema, startPsap } from '@esinet/element-psap';
import {
  InProcessBus,
  LevelRecords,
  MemoryStore,
  type RunningElement,
  SipEdge,
  ensureLabPki,
  loadTls,
} from '@esinet/platform';
import { freePorts } from '@esinet/testing';

/** Border, router and PSAP that speak TLS among themselves and nothing else. */
export interface TlsEsinet {
  readonly pki: string;
  readonly ports: { readonly bcf: number; readonly esrp: number; readonly psap: number };
  /** Where callers send to, by TCP. */
  readonly publicPort: number;
  readonly api: string;
  /** Connections that stand at an element now. */
  connections(element: 'bcf' | 'esrp' | 'psap'): number;
  close(): Promise<void>;
}

export async function startTlsEsinet(): Promise<TlsEsinet> {
  const folder = await mkdtemp(join(tmpdir(), 'tls-esinet-'));
  const pki = join(folder, 'pki');
  await ensureLabPki({ folder: pki });
  const [bcfPort = 0, esrpPort = 0, psapPort = 0] = await freePorts(3);
  const toBcf = `tls:127.0.0.1:${bcfPort};esinet.lab`;
  const toEsrp = `tls:127.0.0.1:${esrpPort};esrp.esinet.lab`;
  const toPsap = `tls:127.0.0.1:${psapPort};psap.esinet.internal`;
  const platform = { logger: silentLogger, clock: systemClock };
  const bus = new InProcessBus(platform);
  const store = new MemoryStore(platform);
  const records = await LevelRecords.open(join(folder, 'records'));
  const extras = async (name: string) => ({ tls: await loadTls(pki, name), drainMs: 50 });

  const psap = await startPsap(
    psapConfigSchema.parse({
      listeners: [{ name: 'psap-tls', transport: 'tls', port: psapPort }],
      http: { port: 0 },
      outboundProxy: toBcf,
      drain: 0,
    }),
    { ...platform, bus, records },
    await extras('psap'),
  );
  const esrp = await startEsrp(
    esrpConfigSchema.parse({
      http: { port: 0 },
      listen: { udp: null, tcp: null, tls: esrpPort },
      hosts: { 'psap.esinet.internal': [toPsap] },
      bcf: [toBcf],
    }),
    { ...platform, bus },
    await extras('esrp'),
  );
  const bcf = await startBcf(
    bcfConfigSchema.parse({
      http: { port: 0 },
      public: { udp: 0, tcp: 0, tls: null },
      private: { udp: null, tcp: null, tls: bcfPort },
      esrp: [toEsrp],
      psaps: { '*': [toPsap] },
    }),
    { ...platform, bus, store },
    await extras('bcf'),
  );
  const elements = { bcf, esrp, psap };
  const edge = (element: RunningElement) => element.get<SipEdge>(SipEdge);
  return {
    pki,
    ports: { bcf: bcfPort, esrp: esrpPort, psap: psapPort },
    publicPort: edge(bcf).port('public-tcp') ?? 0,
    api: `http://127.0.0.1:${psap.http.port}/api/chats`,
    connections: (element) => edge(elements[element]).transport.connections,
    async close() {
      for (const element of [bcf, esrp, psap]) await element.close();
      await bus.close();
      await records.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
