/** What the ESInet said of itself at one moment. */
export interface Sample {
  /** Since the chats stood. */
  readonly seconds: number;
  readonly rssMb: number;
  readonly heapMb: number;
  /** Of one core, since the sample before. */
  readonly cpuPercent: number;
  /** 99th percentile of the last 10 to 20 s. */
  readonly loopDelayMs: number;
}

interface Read {
  readonly at: number;
  readonly cpuSeconds: number;
  readonly rss: number;
  readonly heap: number;
  readonly delay: number;
}

const mega = 1_048_576;

/** Reads the figures of a process from its metrics, again and again. */
export class Sampler {
  readonly samples: Sample[] = [];
  #before: Read | undefined;
  readonly #begun = performance.now();

  constructor(private readonly url: string) {}

  async take(): Promise<void> {
    const now = await read(this.url);
    const before = this.#before;
    this.#before = now;
    if (!before) return;
    this.samples.push({
      seconds: (now.at - this.#begun) / 1_000,
      rssMb: now.rss / mega,
      heapMb: now.heap / mega,
      cpuPercent: ((now.cpuSeconds - before.cpuSeconds) / ((now.at - before.at) / 1_000)) * 100,
      loopDelayMs: now.delay * 1_000,
    });
  }
}

async function read(url: string): Promise<Read> {
  const text = await (await fetch(url)).text();
  return {
    at: performance.now(),
    cpuSeconds: valueOf(text, 'esinet_process_cpu_seconds_total'),
    rss: valueOf(text, 'esinet_process_resident_memory_bytes'),
    heap: valueOf(text, 'esinet_nodejs_heap_size_used_bytes'),
    delay: valueOf(text, 'esinet_event_loop_delay_p99_seconds'),
  };
}

/** The sum of a metric's series that have these labels. */
export function valueOf(text: string, name: string, ...labels: readonly string[]): number {
  let total = 0;
  for (const line of text.split('\n')) {
    const named = line.startsWith(`${name} `) || line.startsWith(`${name}{`);
    if (named && labels.every((label) => line.includes(label))) total += Number(line.split(' ').at(-1));
  }
  return total;
}

/** Least squares: what is added each second. */
export function slope(points: readonly (readonly [seconds: number, value: number])[]): number {
  const n = points.length;
  const middle = points.reduce((total, [x]) => total + x, 0) / n;
  const mean = points.reduce((total, [, y]) => total + y, 0) / n;
  let over = 0;
  let under = 0;
  for (const [x, y] of points) {
    over += (x - middle) * (y - mean);
    under += (x - middle) ** 2;
  }
  return under === 0 ? 0 : over / under;
}
