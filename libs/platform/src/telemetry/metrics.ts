import { Gauge, Registry, collectDefaultMetrics } from 'prom-client';
import { eventLoopDelayP99 } from './event-loop.js';
import { SeriesCounter, SeriesHistogram, maxSeries } from './series.js';

export type Labels = Readonly<Record<string, string | number>>;

export interface CounterMetric {
  inc(labels?: Labels, by?: number): void;
  /** The same counter with its labels fixed: what is counted often is counted cheaply. */
  labelled(labels: Labels): { inc(by?: number): void };
}

/**
 * Counters and the like, by name. Names start with `esinet_`; asking again for a name gives the same metric. Labels are
 * few and known beforehand: never a call, a person, a place or anything else a stranger chooses.
 */
export interface Metrics {
  counter(name: string, help: string, labels?: readonly string[]): CounterMetric;
  histogram(
    name: string,
    help: string,
    buckets?: readonly number[],
    labels?: readonly string[],
  ): { observe(value: number, labels?: Labels): void };
  gauge(
    name: string,
    help: string,
    labels?: readonly string[],
  ): { set(value: number, labels?: Labels): void };
}

/** Seconds: from a tenth of a millisecond to the 32 s of a SIP transaction. */
export const defaultBuckets: readonly number[] = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 32,
];

export { maxSeries };

/** One element's metrics in the text format of Prometheus. */
export class PrometheusMetrics implements Metrics {
  readonly registry = new Registry();
  readonly #known = new Map<string, { kind: string; metric: unknown }>();

  /** `process`: also memory, processor and event loop of the process; for one element of a process only. */
  constructor(o: { element?: string; process?: boolean } = {}) {
    if (o.element !== undefined) this.registry.setDefaultLabels({ element: o.element });
    if (!o.process) return;
    collectDefaultMetrics({ register: this.registry, prefix: 'esinet_' });
    new Gauge({
      name: 'esinet_event_loop_delay_p99_seconds',
      help: 'How late the process does what is due, 99th percentile of the last 10 to 20 s',
      registers: [this.registry],
      collect() {
        this.set(eventLoopDelayP99());
      },
    });
  }

  counter(name: string, help: string, labels: readonly string[] = []): CounterMetric {
    return this.#once(
      'counter',
      name,
      () => new SeriesCounter({ name, help, labels, registry: this.registry }),
    );
  }

  histogram(name: string, help: string, buckets = defaultBuckets, labels: readonly string[] = []) {
    return this.#once(
      'histogram',
      name,
      () => new SeriesHistogram({ name, help, labels, registry: this.registry }, buckets),
    );
  }

  gauge(name: string, help: string, labels: readonly string[] = []) {
    return this.#once('gauge', name, () => {
      const gauge = new Gauge({ name, help, labelNames: labels, registers: [this.registry] });
      const series = new SeriesLimit(labels);
      return { set: (value: number, values: Labels = {}): void => gauge.set(series.admit(values), value) };
    });
  }

  text(): Promise<string> {
    return this.registry.metrics();
  }

  #once<T>(kind: string, name: string, make: () => T): T {
    const known = this.#known.get(name);
    if (known) {
      if (known.kind !== kind) throw new Error(`${name} is a ${known.kind}, not a ${kind}`);
      return known.metric as T;
    }
    if (!isMetricName(name)) throw new Error(`"${name}" is no metric name: esinet_ and then a-z, 0-9 and _`);
    const metric = make();
    this.#known.set(name, { kind, metric });
    return metric;
  }
}

/** For gauges: folds what goes beyond `maxSeries` into one series whose labels all say `other`. */
class SeriesLimit {
  readonly #seen = new Set<string>();
  readonly #other: Record<string, string>;

  constructor(labels: readonly string[]) {
    this.#other = Object.fromEntries(labels.map((label) => [label, 'other']));
  }

  admit(values: Labels): Labels {
    const id = JSON.stringify(values);
    if (this.#seen.has(id)) return values;
    if (this.#seen.size >= maxSeries) return this.#other;
    this.#seen.add(id);
    return values;
  }
}

function isMetricName(name: string): boolean {
  if (!name.startsWith('esinet_') || name.length === 'esinet_'.length || name.endsWith('_')) return false;
  for (const char of name) if (!'abcdefghijklmnopqrstuvwxyz0123456789_'.includes(char)) return false;
  return true;
}
