import { join } from 'node:path';
import { loadTls } from '@esinet/platform';
import type { Cluster } from '../lab/start-cluster.js';
import { loadAccounts } from '../lab/element-config.js';
import type { Heard, History, Said, Told } from '../ledger/history.js';
import { UdpBalancer } from '../disturb/udp-balancer.js';
import { EventReader } from './event-reader.js';
import { LoadCaller, type Way, type WayIn, allWays } from './load-caller.js';
import { readBooks } from './read-books.js';

/** What goes on while a fault is there. */
export interface LoadShape {
  /** Chats that stand all the time. */
  readonly chats: number;
  /** Texts a second of all of them together. */
  readonly rate: number;
  /** Chats a second that begin, say one thing more and end: what the routers see. */
  readonly starts: number;
  readonly ways: readonly Way[];
  /** Chats give a location URI of the LIS in place of a location. */
  readonly byReference: boolean;
  /** How long a short chat stays reachable after its end: what its centre still says has to reach it. */
  readonly lingerMs: number;
}

export const ordinaryLoad: LoadShape = {
  chats: 40,
  rate: 100,
  starts: 5,
  ways: allWays,
  byReference: false,
  lingerMs: 15_000,
};

const tickMs = 10;
/** Chats that are opened at the same time. */
const openingAtOnce = 10;
/** Texts under way get so long for an answer after the load has ended: five attempts of an APP may take minutes. */
const lastAnswersMs = 45_000;
/** Short chats that may be under way at once. */
const mostShort = 2_000;

let runs = 0;

/** Callers of all ways, what they said and what they heard. */
export class Load {
  readonly said: Said[] = [];
  readonly heard: Heard[] = [];
  readonly told: Told[] = [];
  readonly problems: string[] = [];
  shape: LoadShape;
  readonly #begun = performance.now();
  readonly #standing: LoadCaller[] = [];
  readonly #short = new Set<Promise<void>>();
  readonly #readers: EventReader[] = [];
  readonly #id = `r${Date.now().toString(36)}${runs++}`;
  #timer: NodeJS.Timeout | undefined;
  #next = 0;
  #numbers = 0;
  #owedTexts = 0;
  #owedStarts = 0;
  #ticked = 0;

  private constructor(
    private readonly cluster: Cluster,
    shape: LoadShape,
    readonly balancer: UdpBalancer,
    private readonly wayIn: WayIn,
  ) {
    this.shape = shape;
  }

  /** The chats stand when it resolves; nothing is said yet. */
  static async open(cluster: Cluster, shape: LoadShape, random = Math.random): Promise<Load> {
    const balancer = await UdpBalancer.open(() => borderPort(cluster), random);
    const load = new Load(cluster, shape, balancer, await wayInOf(cluster, balancer));
    for (const url of psapUrls(cluster)) {
      load.#readers.push(new EventReader(url, `${url}/api/events`, load.told));
    }
    let index = 0;
    const opening = async (): Promise<void> => {
      while (index < shape.chats) {
        const caller = await load.#open(index++);
        if (caller && (await caller.start())) load.#standing.push(caller);
      }
    };
    await Promise.all(Array.from({ length: openingAtOnce }, opening));
    return load;
  }

  /** Milliseconds since it was opened. */
  now = (): number => performance.now() - this.#begun;

  get standing(): readonly LoadCaller[] {
    return this.#standing;
  }

  begin(): void {
    this.#ticked = this.now();
    this.#timer = setInterval(() => this.#tick(), tickMs);
  }

  /** Nothing more is said; resolves when all that was said is answered, or will not be. */
  async end(patienceMs = lastAnswersMs): Promise<void> {
    clearInterval(this.#timer);
    const until = performance.now() + patienceMs;
    while (this.open > 0 && performance.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await Promise.race([
      Promise.allSettled([...this.#short]),
      new Promise((resolve) => setTimeout(resolve, this.shape.lingerMs + 2_000)),
    ]);
  }

  /** Texts that wait for an answer. */
  get open(): number {
    let open = 0;
    for (const { status } of this.said) if (status === undefined) open++;
    return open;
  }

  /** Closes the books, then reads the records: what is promised from then on is not looked for in what was read before. */
  async history(settleMs?: number): Promise<History> {
    const said = this.said.map((each) => ({ ...each }));
    const { recorded, problems } = await readBooks(psapUrls(this.cluster), said, settleMs);
    this.problems.unshift(...problems);
    return { said, heard: this.heard, told: this.told, recorded, notices: [] };
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.allSettled(this.#readers.map((reader) => reader.close()));
    await Promise.allSettled(this.#standing.map(({ client }) => client.close()));
    this.balancer.close();
  }

  #tick(): void {
    const now = this.now();
    const seconds = (now - this.#ticked) / 1_000;
    this.#ticked = now;
    this.#owedTexts = Math.min(this.#owedTexts + this.shape.rate * seconds, this.shape.rate);
    this.#owedStarts = Math.min(this.#owedStarts + this.shape.starts * seconds, this.shape.starts + 1);
    for (; this.#owedStarts >= 1; this.#owedStarts--) this.startShort();
    let looked = 0;
    while (this.#owedTexts >= 1 && looked++ < this.#standing.length) {
      const caller = this.#standing[this.#next++ % this.#standing.length];
      if (!caller || caller.busy || caller.client.phase !== 'open') continue;
      void caller.say();
      this.#owedTexts--;
    }
  }

  /** A chat that begins, says one thing more and ends. */
  startShort(): void {
    if (this.#short.size >= mostShort) return;
    const running = this.#shortChat(1_000_000 + this.#numbers++).catch((error: unknown) => {
      this.problems.push(String(error));
    });
    this.#short.add(running);
    void running.finally(() => this.#short.delete(running));
  }

  async #shortChat(index: number): Promise<void> {
    const ways = this.shape.ways.filter((way) => way !== 'provider');
    const caller = await this.#open(index, ways.length > 0 ? ways : this.shape.ways);
    if (!caller) return;
    try {
      if (!(await caller.start())) return;
      for (let i = 0; i < 100 && !caller.greeted; i++) await new Promise((r) => setTimeout(r, 50));
      await caller.say();
      await caller.stop();
      await new Promise((resolve) => setTimeout(resolve, this.shape.lingerMs));
    } finally {
      await caller.client.close();
    }
  }

  async #open(index: number, ways = this.shape.ways): Promise<LoadCaller | undefined> {
    const way = ways[index % ways.length] ?? 'udp';
    try {
      return await LoadCaller.open({
        name: `${this.#id}c${index}`,
        index,
        way,
        wayIn: this.wayIn,
        books: this,
        ...(this.shape.byReference && {
          locationUri: `http://127.0.0.1:${this.cluster.port('lis-1', 'http')}/loc/nobody`,
        }),
      });
    } catch (error) {
      this.problems.push(`a caller over ${way} does not get in: ${String(error)}`);
      return undefined;
    }
  }
}

export function psapUrls(cluster: Cluster): string[] {
  return cluster.plan.seats
    .filter(({ element }) => element === 'psap')
    .map(({ ports }) => `http://127.0.0.1:${ports['http']}`);
}

/** Health by the process, as a balancer in front of the borders would have it. */
function borderPort(cluster: Cluster): number | undefined {
  const borders = cluster.plan.seats.filter(({ element }) => element === 'bcf');
  const up = borders.find(({ instance }) => cluster.process(instance).state === 'ready');
  return (up ?? borders[0])?.ports['public'];
}

async function wayInOf(cluster: Cluster, balancer: UdpBalancer): Promise<WayIn> {
  const tls = await loadTls(join(cluster.folder, 'pki'), 'app');
  const host = '127.0.0.1';
  const borders = cluster.plan.seats.filter(({ element }) => element === 'bcf');
  const at = (name: string) => borders.map(({ ports }) => ({ host, port: ports[name] ?? 0 }));
  const turned = <T>(list: readonly T[], by: number): T[] => [
    ...list.slice(by % list.length),
    ...list.slice(0, by % list.length),
  ];
  return (way, index) => {
    switch (way) {
      case 'udp':
        return { via: { transport: 'udp', host, port: balancer.port } };
      case 'tcp':
      case 'tls': {
        // Half of them know the second border as their first, where both know the ways back to all callers.
        const [first = { host, port: 0 }, ...others] = turned(
          at(way === 'tls' ? 'publicTls' : 'public'),
          cluster.servers ? index >> 2 : 0,
        );
        return { via: { transport: way, ...first, others, ...(way === 'tls' && { tls }) } };
      }
      case 'provider': {
        const user = `load${index % loadAccounts}`;
        return {
          via: { transport: 'tcp', host, port: cluster.port('provider', 'sip') },
          register: { user, password: user, domain: 'provider.lab' },
          from: `sip:${user}@provider.lab`,
        };
      }
    }
  };
}
