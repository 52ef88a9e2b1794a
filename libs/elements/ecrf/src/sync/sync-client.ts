import { type Clock, type Logger, type Timer, isoTime, messageOf } from '@esinet/kernel';
import {
  type LostClientError,
  type Mapping,
  type MappingFingerprint,
  type SyncAnswer,
  type SyncClient,
  deletionOf,
} from '@esinet/lost';
import type { Metrics, Records } from '@esinet/platform';
import { type LearntMapping, type MappingBase, keyOf, shortKey } from './mapping-base.js';
import { type SyncPeer, mayWrite } from './sync-peers.js';
import { type SyncSource, documentsOf } from './sync-source.js';

/** Documents of one pull or push, after which the rest waits for the next. */
const MAX_DOCUMENTS = 1_000;
/** Changes that come one after the other go out together. Milliseconds. */
const GATHER_MS = 1_000;
/** After a failure; doubled with each, up to the longest. Milliseconds. */
const RETRY_MS = 5_000;
const LONGEST_RETRY_MS = 300_000;
const PUSHED = 'ecrf.lost-sync.pushed';

export interface SyncExchangeOptions {
  readonly source: string;
  readonly peer: SyncPeer;
  readonly client: SyncClient;
  readonly base: MappingBase;
  readonly from: SyncSource;
  readonly records: Records;
  /** Positions of the boundaries in one document. */
  readonly positions: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly onLearnt: (peer: SyncPeer, changes: readonly LearntMapping[]) => void;
}

/**
 * Keeps this server and one peer alike: pulls what it has at intervals and pushes what changed (RFC 6739 sections 4.1
 * and 5.1), trying again with growing pauses where the peer is away.
 */
export class SyncExchange {
  readonly #exchanges;
  readonly #pushed = new Map<string, MappingFingerprint>();
  #isLoaded = false;
  #pullTimer: Timer | undefined;
  #pushTimer: Timer | undefined;
  #failures = 0;
  #isClosed = false;

  constructor(private readonly o: SyncExchangeOptions) {
    this.#exchanges = o.metrics.counter(
      'esinet_lost_sync_exchanges_total',
      'LoST-Sync with peers by what was done and what came of it',
      ['peer', 'operation', 'result'],
    );
  }

  start(): void {
    if (this.o.peer.pull > 0) this.#pullIn(0);
    this.changed();
  }

  /** Something that the peer may have is new, or gone. */
  changed(): void {
    if (this.o.peer.push) this.#pushIn(GATHER_MS);
  }

  close(): void {
    this.#isClosed = true;
    this.#pullTimer?.cancel();
    this.#pushTimer?.cancel();
  }

  #pullIn(ms: number): void {
    if (this.#isClosed) return;
    this.#pullTimer?.cancel();
    this.#pullTimer = this.o.clock.after(ms, () => {
      void this.#guarded('pull', () => this.pull()).then((isDone) =>
        this.#pullIn(isDone ? this.o.peer.pull : Math.min(this.o.peer.pull, this.#pause())),
      );
    });
  }

  #pushIn(ms: number): void {
    if (this.#isClosed) return;
    this.#pushTimer?.cancel();
    this.#pushTimer = this.o.clock.after(ms, () => {
      void this.#guarded('push', () => this.push()).then((isDone) => {
        if (!isDone) this.#pushIn(this.#pause());
      });
    });
  }

  #pause(): number {
    return Math.min(LONGEST_RETRY_MS, RETRY_MS * 2 ** Math.min(this.#failures, 10));
  }

  async #guarded(operation: string, run: () => Promise<string>): Promise<boolean> {
    let result: string;
    try {
      result = await run();
    } catch (error) {
      this.o.logger.error('lost-sync failed', { peer: this.o.peer.name, reason: messageOf(error) });
      result = 'internalError';
    }
    this.#exchanges.inc({ peer: this.o.peer.name, operation, result });
    const isDone = result === 'done';
    this.#failures = isDone ? 0 : this.#failures + 1;
    if (!isDone && this.#failures === 1) {
      this.o.logger.warn('lost-sync peer does not answer', { peer: this.o.peer.name, operation, result });
    }
    return isDone;
  }

  /** Asks until there is nothing new. The word for the counter. */
  async pull(): Promise<string> {
    const { peer, client, base, source } = this.o;
    for (let i = 0; i < MAX_DOCUMENTS && !this.#isClosed; i += 1) {
      const exists = base
        .all()
        .filter(({ mapping }) => mayWrite(peer, mapping.source, source))
        .map(({ mapping: { source: of, sourceId, lastUpdated } }) => ({ source: of, sourceId, lastUpdated }));
      const asked = await client.ask({ type: 'getMappingsRequest', exists });
      const problem = problemOf(asked);
      if (problem !== undefined) return problem;
      const mappings = asked.ok && asked.value.type === 'getMappingsResponse' ? asked.value.mappings : [];
      if (!(await this.#learn(mappings))) return 'done';
    }
    return 'done';
  }

  /** Whether anything was new. What the peer may not write is passed over. */
  async #learn(mappings: readonly Mapping[]): Promise<boolean> {
    const { peer, base, source, logger, clock } = this.o;
    const latest = clock.wall() + 86_400_000;
    const allowed = mappings.filter(
      (m) => mayWrite(peer, m.source, source) && Date.parse(m.lastUpdated) <= latest,
    );
    if (allowed.length < mappings.length) {
      logger.warn('mappings refused', { peer: peer.name, mappings: mappings.length - allowed.length });
    }
    const plan = base.plan(allowed, peer.name);
    if (!plan) {
      logger.error('no room for mappings', { peer: peer.name, mappings: allowed.length });
      return false;
    }
    if (plan.changes.length === 0) return false;
    try {
      await base.store(plan.changes);
    } catch (error) {
      // The next start pulls them again.
      logger.warn('mappings not stored', { peer: peer.name, reason: messageOf(error) });
    }
    base.commit(plan.changes);
    this.o.onLearnt(peer, plan.changes);
    return true;
  }

  /** Sends what the peer does not have yet, and what is gone. The word for the counter. */
  async push(): Promise<string> {
    const { peer, client, from, clock, positions } = this.o;
    await this.#load();
    const given = from.mappingsFor(peer);
    const present = new Set(given.map(keyOf));
    const now = isoTime(clock.wall());
    const gone = [...this.#pushed].filter(([key]) => !present.has(key)).map(([, f]) => deletionOf(f, now));
    const news = given.filter((m) => this.#pushed.get(keyOf(m))?.lastUpdated !== m.lastUpdated);
    const documents = documentsOf([...gone, ...news], positions);
    for (const mappings of documents.slice(0, MAX_DOCUMENTS)) {
      if (this.#isClosed) return 'done';
      const asked = await client.ask({ type: 'pushMappings', mappings });
      const problem = problemOf(asked);
      if (problem !== undefined) return problem;
      for (const mapping of mappings) await this.#remember(mapping, present.has(keyOf(mapping)));
    }
    return 'done';
  }

  /** What the peer got is remembered over a restart, so that what goes meanwhile is deleted there too. */
  async #load(): Promise<void> {
    if (this.#isLoaded) return;
    this.#isLoaded = true;
    try {
      for (let after: string | undefined; ;) {
        const prefix = `${this.o.peer.name} `;
        const page = await this.o.records.list(PUSHED, { prefix, limit: 500, ...(after ? { after } : {}) });
        for (const { value } of page) if (isFingerprint(value)) this.#pushed.set(keyOf(value), value);
        after = page.at(-1)?.key;
        if (page.length === 0 || after === undefined) return;
      }
    } catch (error) {
      this.o.logger.warn('what was pushed is not known', {
        peer: this.o.peer.name,
        reason: messageOf(error),
      });
    }
  }

  async #remember(mapping: Mapping, isPresent: boolean): Promise<void> {
    const { source, sourceId, lastUpdated } = mapping;
    const key = keyOf(mapping);
    if (isPresent) this.#pushed.set(key, { source, sourceId, lastUpdated });
    else this.#pushed.delete(key);
    try {
      const stored = `${this.o.peer.name} ${shortKey(key)}`;
      await this.o.records.put(PUSHED, stored, isPresent ? { source, sourceId, lastUpdated } : {});
    } catch {
      // Without a data folder everything is pushed again after a restart, which RFC 6739 section 5.1 allows.
    }
  }
}

/** RFC 6739 section 5.2: that something is not there any more is what its deletion was for. */
function problemOf(
  asked:
    | { readonly ok: true; readonly value: SyncAnswer }
    | { readonly ok: false; readonly error: LostClientError },
): string | undefined {
  if (!asked.ok) return asked.error.code;
  return asked.value.type === 'errors' ? asked.value.errors[0]?.code : undefined;
}

function isFingerprint(value: unknown): value is MappingFingerprint {
  return (
    typeof value === 'object' &&
    value !== null &&
    'source' in value &&
    'sourceId' in value &&
    'lastUpdated' in value
  );
}
