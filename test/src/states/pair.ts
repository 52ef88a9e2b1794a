import { silentLogger, systemClock } from '@esinet/kernel';
import { EsrpStates, esrpConfigSchema, startEsrp } from '@esinet/element-esrp';
import { psapConfigSchema, startPsap } from '@esinet/element-psap';
import { InProcessBus, MemoryRecords, type RunningElement } from '@esinet/platform';
import { StateTable } from '@esinet/states';
import { freePorts } from '@esinet/testing';

const domain = 'psap.esinet.internal';

/** A PSAP with two centres and a router that asks how they are, each with a bus of its own unless one is given. */
export async function startPair(
  o: {
    readonly transport?: 'udp' | 'tcp';
    readonly bus?: InProcessBus;
    readonly states?: Record<string, unknown>;
    readonly psap?: Record<string, unknown>;
  } = {},
) {
  const transport = o.transport ?? 'tcp';
  const [psapPort = 0, esrpPort = 0] = await freePorts(2);
  const records = new MemoryRecords();
  const buses: InProcessBus[] = [];
  const busOf = (): InProcessBus => {
    if (o.bus) return o.bus;
    const bus = new InProcessBus({ logger: silentLogger, clock: systemClock });
    buses.push(bus);
    return bus;
  };
  const openPsap = (): Promise<RunningElement> =>
    startPsap(
      psapConfigSchema.parse({
        listeners: (['udp', 'tcp'] as const).map((each) => ({ name: each, transport: each, port: psapPort })),
        http: { port: 0 },
        centres: ['madrid', 'toledo'].map((id) => ({ uri: `sip:${id}@${domain}`, name: id })),
        outboundProxy: `udp:127.0.0.1:${esrpPort}`,
        script: 'none',
        drain: 0,
        states: { look: '100 ms', farewell: '200 ms', queueMax: 2 },
        ...o.psap,
      }),
      { bus: busOf(), records, logger: silentLogger },
      { drainMs: 0 },
    );
  let psap = await openPsap();
  const esrp = await startEsrp(
    esrpConfigSchema.parse({
      http: { port: 0 },
      listen: { udp: esrpPort, tcp: esrpPort },
      hosts: { [domain]: [`${transport}:127.0.0.1:${psapPort}`] },
      states: {
        look: '100 ms',
        heartbeat: '300 ms',
        silence: '1.2 s',
        firstPause: '100 ms',
        longestPause: '300 ms',
        subscribe: [
          { uri: `sip:${domain}`, packages: ['ServiceState', 'ElementState'] },
          { uri: `sip:madrid@${domain}`, packages: ['ServiceState', 'QueueState'] },
        ],
        ...o.states,
      },
    }),
    { bus: busOf(), logger: silentLogger },
    { drainMs: 0 },
  );
  return {
    domain,
    psapPort,
    esrpPort,
    esrp,
    states: esrp.get<EsrpStates>(EsrpStates),
    table: esrp.get<StateTable>(StateTable),
    get psap() {
      return psap;
    },
    async say(body: object): Promise<number> {
      const answer = await fetch(`http://127.0.0.1:${psap.http.port}/api/state`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      return answer.status;
    },
    stopPsap: () => psap.close(),
    async startPsap(): Promise<void> {
      psap = await openPsap();
    },
    async close(): Promise<void> {
      await esrp.close();
      await psap.close();
      await Promise.all(buses.map((bus) => bus.close()));
    },
  };
}

export type Pair = Awaited<ReturnType<typeof startPair>>;
