import { type Logger, silentLogger, systemClock } from '@esinet/kernel';
import {
  type NatsBus,
  PrometheusMetrics,
  type TlsOptions,
  busSchema,
  defaultLimits,
  openBus,
} from '@esinet/platform';
import { onTestFinished } from 'vitest';

export interface OpenedBus {
  readonly bus: NatsBus;
  readonly metrics: PrometheusMetrics;
  readonly logged: string[];
  /** The sum of one metric over its labels. */
  metric(name: string): Promise<number>;
}

/** A bus on the server of a test, closed in its end. */
export async function openNatsBus(
  url: string,
  o: {
    readonly instance?: string;
    readonly folder?: string;
    readonly limits?: Partial<typeof defaultLimits.bus>;
    readonly config?: object;
    readonly tls?: TlsOptions;
  } = {},
): Promise<OpenedBus> {
  const logged: string[] = [];
  const log = (event: string, fields?: object): void =>
    void logged.push(`${event} ${JSON.stringify(fields)}`);
  const logger: Logger = { ...silentLogger, info: log, warn: log, error: log, child: () => logger };
  const metrics = new PrometheusMetrics();
  const config = busSchema.parse({ kind: 'nats', servers: [url], startWait: '5 s', ...o.config });
  const bus = (await openBus(config, {
    ...{ instance: o.instance ?? 'one', clock: systemClock, logger, metrics, tls: o.tls },
    ...{ limits: { ...defaultLimits, bus: { ...defaultLimits.bus, ...o.limits } }, folder: o.folder },
  })) as NatsBus;
  onTestFinished(() => bus.close());
  return {
    bus,
    metrics,
    logged,
    metric: async (name) => {
      const { values } = (await metrics.registry.getSingleMetric(name)?.get()) ?? { values: [] };
      return values.reduce((sum, { value }) => sum + value, 0);
    },
  };
}
