import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bcfConfigSchema, startBcf } from '@esinet/element-bcf';
import { silentLogger, systemClock } from '@esinet/kernel';
import {
  InProcessBus,
  PrometheusMetrics,
  type RunningElement,
  SipEdge,
  type Store,
  openStore,
  storeSchema,
} from '@esinet/platform';
import type { Destination, UacOutcome } from '@esinet/sip';
import { type LoopbackAgent, loopbackAgent } from '@esinet/testing';

/** Two borders with one store on Redis, an ESRP and a PSAP that take everything. */
export interface TwoBorders {
  readonly borders: readonly [RunningElement, RunningElement];
  readonly stores: readonly Store[];
  readonly esrp: LoopbackAgent;
  readonly psap: LoopbackAgent;
  at(border: number, side: 'public' | 'private'): Destination;
  http(border: number): string;
  close(): Promise<void>;
}

export async function twoBorders(redis: string, o: Record<string, unknown> = {}): Promise<TwoBorders> {
  const [esrp, psap] = await Promise.all([loopbackAgent(), loopbackAgent()]);
  const folder = await mkdtemp(join(tmpdir(), 'bcf-redis-'));
  const bus = new InProcessBus({ logger: silentLogger, clock: systemClock });
  const config = bcfConfigSchema.parse({
    http: { port: 0 },
    public: { udp: 0, tcp: 0, tls: null },
    private: { udp: 0, tcp: 0 },
    esrp: [`tcp:127.0.0.1:${esrp.port('tcp')}`],
    psaps: { '*': [`tcp:127.0.0.1:${psap.port('tcp')}`] },
    domains: {},
    presence: '3 s',
    ...o,
  });
  const start = async (instance: string) => {
    const ports = { instance, clock: systemClock, logger: silentLogger, metrics: new PrometheusMetrics() };
    const opened = await openStore(storeSchema.parse({ kind: 'redis', url: redis, timeout: '250 ms' }), {
      ...ports,
      ...{ limits: {} as never, folder: undefined, tls: undefined },
    });
    if (!opened) throw new Error('no store');
    const { store, close } = opened;
    const bcf = await startBcf(
      config,
      { bus, store, instance, dataFolder: join(folder, instance) },
      { drainMs: 50 },
    );
    return { bcf, store, close };
  };
  const [one, two] = await Promise.all([start('bcf-1'), start('bcf-2')]);
  const borders = [one.bcf, two.bcf] as const;
  return {
    ...{ borders, stores: [one.store, two.store], esrp, psap },
    at: (border, side) => {
      const port = borders[border]?.get<SipEdge>(SipEdge).port(`${side}-tcp`) ?? 0;
      return { transport: 'tcp', address: '127.0.0.1', port };
    },
    http: (border) => `http://127.0.0.1:${borders[border]?.http.port}`,
    async close() {
      await Promise.all(borders.map((each) => each.close()));
      await Promise.all([one.close(), two.close(), bus.close(), esrp.stop(), psap.stop()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** One caller with a chat, over one border. */
export interface Chat {
  readonly phone: LoopbackAgent;
  /** Asks over its border, and is answered over the other one. Gives both statuses. */
  round(): Promise<readonly [number | string, number | string]>;
}

export async function chatOver(net: TwoBorders, border: number, name: string): Promise<Chat> {
  const phone = await loopbackAgent();
  const id = `urn:emergency:uid:callid:${`${name}abcdefghijklmnopqrstuvwxyz`.slice(0, 26)}:app.example`;
  const callInfo = ['Call-Info', `<${id}>;purpose=EmergencyCallData.CallId`] as const;
  let started = false;
  return {
    phone,
    async round() {
      const uri = started ? 'sip:madrid@esinet.lab' : 'urn:service:sos';
      started = true;
      const asked = await phone.send({
        ...{ method: 'MESSAGE', uri, to: uri, from: `sip:${name}@app.example`, body: 'help' },
        ...{ headers: [callInfo], destination: net.at(border, 'public') },
      });
      const answered = await net.psap.send({
        ...{ method: 'MESSAGE', uri: `sip:${name}@app.example`, to: `sip:${name}@app.example`, body: 'yes' },
        ...{ from: 'sip:madrid@psap.esinet.internal', headers: [callInfo] },
        destination: net.at(1 - border, 'private'),
      });
      return [status(asked), status(answered)];
    },
  };
}

export function status(outcome: UacOutcome): number | string {
  return outcome.kind === 'response' ? outcome.message.status : outcome.reason;
}
