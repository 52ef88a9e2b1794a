import type { LogFields, Logger } from '@esinet/kernel';
import { bcfConfigSchema, startBcf } from '@esinet/element-bcf';
import { METRICS, PrometheusMetrics, type RunningElement, SipEdge, type TlsOptions } from '@esinet/platform';
import { type LoopbackAgent, loopbackAgent } from '@esinet/testing';

/** A border with TLS on both sides, and an ESRP behind it. */
export interface TlsBorder {
  readonly bcf: RunningElement;
  readonly esrp: LoopbackAgent;
  readonly edge: SipEdge;
  readonly logged: { readonly event: string; readonly fields: LogFields }[];
  port(side: 'public' | 'private'): number;
  /** Sum of the series of a counter whose text has all of `parts`. */
  counted(name: string, ...parts: readonly string[]): Promise<number>;
  close(): Promise<void>;
}

export async function startTlsBorder(
  tls: TlsOptions,
  config: {
    readonly peers?: readonly object[];
    readonly esrp?: readonly string[];
    readonly bcf?: object;
  } = {},
): Promise<TlsBorder> {
  const esrp = await loopbackAgent();
  const logged: TlsBorder['logged'] = [];
  const note = (event: string, fields?: LogFields) => void logged.push({ event, fields: fields ?? {} });
  const logger: Logger = { debug: () => undefined, info: note, warn: note, error: note, child: () => logger };
  const metrics = new PrometheusMetrics({ element: 'bcf' });
  const bcf = await startBcf(
    bcfConfigSchema.parse({
      http: { port: 0 },
      public: { udp: 0, tcp: 0, tls: 0 },
      private: { udp: null, tcp: 0, tls: 0 },
      esrp: config.esrp ?? [`tcp:127.0.0.1:${esrp.port('tcp')}`],
      // One user says far more here than people do.
      abuse: { enabled: false },
      ...(config.peers && { peers: config.peers }),
      ...config.bcf,
    }),
    { logger, metrics },
    { tls, drainMs: 50 },
  );
  const edge = bcf.get<SipEdge>(SipEdge);
  return {
    bcf,
    esrp,
    edge,
    logged,
    port: (side) => edge.port(`${side}-tls`) ?? 0,
    async counted(name, ...parts) {
      const text = await bcf.get<PrometheusMetrics>(METRICS).text();
      return text
        .split('\n')
        .filter((line) => line.startsWith(`${name}{`) && parts.every((part) => line.includes(part)))
        .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
    },
    async close() {
      await bcf.close();
      await esrp.stop();
    },
  };
}
