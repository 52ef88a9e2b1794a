import type { Metric, MetricObject, MetricValue, Registry } from 'prom-client';

type Labels = Readonly<Record<string, string | number>>;

interface Value {
  readonly labels: Record<string, string | number>;
  readonly value: number;
  readonly metricName?: string;
}

/** Combinations of label values one metric may have; more are not counted apart, so that nobody can fill the memory. */
export const maxSeries = 1_000;

/**
 * The series of one metric by the values of its labels. What goes beyond `maxSeries` is folded into one whose labels all
 * say `other`. prom-client checks, copies and hashes labels at each count, which costs more than a look-up in the index.
 */
class Series<T> {
  readonly #byValues = new Map<
    string,
    { readonly labels: Record<string, string | number>; readonly state: T }
  >();

  constructor(
    private readonly names: readonly string[],
    private readonly make: () => T,
  ) {
    if (names.length === 0) this.of({});
  }

  of(values: Labels): T {
    const key = this.#keyOf(values);
    const known = this.#byValues.get(key);
    if (known) return known.state;
    const full = this.#byValues.size >= maxSeries;
    const chosen = full ? Object.fromEntries(this.names.map((name) => [name, 'other'])) : values;
    const other = full ? this.#byValues.get(this.#keyOf(chosen)) : undefined;
    if (other) return other.state;
    const labels: Record<string, string | number> = {};
    for (const name of this.names) {
      const value = chosen[name];
      if (value !== undefined) labels[name] = value;
    }
    const state = this.make();
    this.#byValues.set(this.#keyOf(chosen), { labels, state });
    return state;
  }

  *all(): Iterable<readonly [Record<string, string | number>, T]> {
    for (const { labels, state } of this.#byValues.values()) yield [labels, state];
  }

  #keyOf(values: Labels): string {
    const [only, ...more] = this.names;
    if (only === undefined) return '';
    if (more.length === 0) return String(values[only] ?? '');
    return JSON.stringify(this.names.map((name) => values[name] ?? ''));
  }
}

interface Described {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  readonly registry: Registry;
}

export class SeriesCounter {
  readonly #series: Series<{ count: number }>;

  constructor(o: Described) {
    this.#series = new Series(o.labels, () => ({ count: 0 }));
    register(o, 'counter', () =>
      [...this.#series.all()].map(([labels, { count }]) => ({ labels, value: count })),
    );
  }

  /** @throws TypeError where a count would go back */
  inc(values: Labels = {}, by = 1): void {
    add(this.#series.of(values), by);
  }

  labelled(values: Labels): { inc(by?: number): void } {
    const state = this.#series.of(values);
    return { inc: (by = 1): void => add(state, by) };
  }
}

function add(state: { count: number }, by: number): void {
  if (!(by >= 0)) throw new TypeError('a counter does not go back');
  state.count += by;
}

interface Observed {
  readonly counts: number[];
  sum: number;
  count: number;
}

export class SeriesHistogram {
  readonly #series: Series<Observed>;

  constructor(
    o: Described,
    private readonly bounds: readonly number[],
  ) {
    this.#series = new Series(o.labels, () => ({ counts: bounds.map(() => 0), sum: 0, count: 0 }));
    register(o, 'histogram', () =>
      [...this.#series.all()].flatMap(([labels, s]) => this.#values(o.name, labels, s)),
    );
  }

  /** @throws TypeError where it is no number */
  observe(value: number, values: Labels = {}): void {
    if (!Number.isFinite(value)) throw new TypeError('a histogram observes numbers');
    const { bounds } = this;
    const state = this.#series.of(values);
    state.sum += value;
    state.count += 1;
    let i = 0;
    while (i < bounds.length && value > (bounds[i] ?? Infinity)) i++;
    if (i < bounds.length) state.counts[i] = (state.counts[i] ?? 0) + 1;
  }

  #values(name: string, labels: Record<string, string | number>, state: Observed): Value[] {
    let below = 0;
    const values: Value[] = this.bounds.map((bound, i) => {
      below += state.counts[i] ?? 0;
      return { labels: { le: bound, ...labels }, value: below, metricName: `${name}_bucket` };
    });
    values.push({ labels: { le: '+Inf', ...labels }, value: state.count, metricName: `${name}_bucket` });
    values.push({ labels, value: state.sum, metricName: `${name}_sum` });
    values.push({ labels, value: state.count, metricName: `${name}_count` });
    return values;
  }
}

/** As far as a registry of prom-client asks for: what the values are now. */
function register(o: Described, type: 'counter' | 'histogram', values: () => readonly Value[]): void {
  const metric = {
    name: o.name,
    help: o.help,
    type,
    aggregator: 'sum',
    reset: () => undefined,
    get: () =>
      Promise.resolve({
        name: o.name,
        help: o.help,
        type,
        aggregator: 'sum',
        values: values() as unknown as MetricValue<string>[],
      } as unknown as MetricObject),
  };
  o.registry.registerMetric(metric as unknown as Metric);
}
