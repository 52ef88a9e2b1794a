import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bcfConfigSchema, startBcf } from '@esinet/element-bcf';
import { silentLogger, systemClock } from '@esinet/kernel';
import { InProcessBus, type RunningElement, SipEdge } from '@esinet/platform';
import type { Destination, UacOutcome } from '@esinet/sip';
import { type LoopbackAgent, loopbackAgent } from '@esinet/testing';

/** A border on loopback with an ESRP and a PSAP that take everything. */
export interface Fixture {
  readonly bcf: RunningElement;
  readonly esrp: LoopbackAgent;
  readonly psap: LoopbackAgent;
  /** The border's listener of that name. */
  listener(name: string): Destination;
  readonly http: string;
  readonly folder: string;
  /** Events of the border by subject. */
  readonly events: { readonly subject: string; readonly payload: Record<string, unknown> }[];
  metrics(): Promise<string>;
  close(): Promise<void>;
}

export async function borderWith(o: Readonly<Record<string, unknown>>): Promise<Fixture> {
  const [esrp, psap] = await Promise.all([loopbackAgent(), loopbackAgent()]);
  const folder = await mkdtemp(join(tmpdir(), 'bcf-abuse-'));
  const bus = new InProcessBus({ logger: silentLogger, clock: systemClock });
  const events: Fixture['events'] = [];
  bus.subscribe('events.bcf.>', (payload, subject) => {
    events.push({ subject, payload: payload as Record<string, unknown> });
  });
  const config = bcfConfigSchema.parse({
    http: { port: 0 },
    public: { udp: 0, tcp: 0, tls: null },
    private: { udp: 0, tcp: 0 },
    esrp: [`tcp:127.0.0.1:${esrp.port('tcp')}`],
    psaps: { '*': [`tcp:127.0.0.1:${psap.port('tcp')}`] },
    domains: {},
    ...o,
  });
  const bcf = await startBcf(config, { bus, dataFolder: folder }, { drainMs: 50 });
  const http = `http://127.0.0.1:${bcf.http.port}`;
  return {
    bcf,
    esrp,
    psap,
    http,
    folder,
    events,
    listener(name) {
      const found = bcf
        .get<SipEdge>(SipEdge)
        .listeners()
        .find((each) => each.name === name);
      return { transport: found?.transport ?? 'udp', address: '127.0.0.1', port: found?.port ?? 0 };
    },
    metrics: async () => (await fetch(`${http}/metrics`)).text(),
    async close() {
      await bcf.close();
      await Promise.all([bus.close(), esrp.stop(), psap.stop()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Someone with an address of their own: all of 127.0.0.0/8 is this machine. */
export function somebodyAt(address: string): Promise<LoopbackAgent> {
  return loopbackAgent([{ name: 'udp', transport: 'udp', host: address, port: 0 }]);
}

/** The first message of a chat. */
export function startOf(name: string, user = name) {
  return {
    method: 'MESSAGE',
    uri: 'urn:service:sos',
    from: `sip:${user}@app.example`,
    to: 'urn:service:sos',
    headers: [
      [
        'Call-Info',
        `<urn:emergency:uid:callid:${name.padEnd(24, 'x')}:app.example>;purpose=EmergencyCallData.CallId`,
      ],
    ] as (readonly [string, string])[],
    contentType: 'text/plain;charset=utf-8',
    body: 'help',
  };
}

export function statusOf(outcome: UacOutcome): number | string {
  return outcome.kind === 'response' ? outcome.message.status : outcome.reason;
}
