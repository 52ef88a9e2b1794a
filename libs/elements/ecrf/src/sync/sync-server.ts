import { type Clock, type Logger, messageOf } from '@esinet/kernel';
import {
  type LostErrorCode,
  type Mapping,
  type SyncAnswer,
  type SyncErrors,
  readSyncRequest,
  writeSyncAnswer,
} from '@esinet/lost';
import type { Metrics } from '@esinet/platform';
import type { LearntMapping, MappingBase } from './mapping-base.js';
import { type SyncCaller, type SyncPeer, type SyncPeers, mayWrite } from './sync-peers.js';
import type { SyncSource } from './sync-source.js';

/** Pushes that may wait for the disk; RFC 6739 section 5.1 has few changes. */
const MAX_WAITING = 32;
/** How far ahead of our clock a peer's may be. Milliseconds. */
const MAX_AHEAD_MS = 86_400_000;

export interface SyncServerOptions {
  /** LoST name of this server. */
  readonly source: string;
  readonly peers: SyncPeers;
  readonly base: MappingBase;
  readonly from: SyncSource;
  /** Octets of a request. */
  readonly maxBytes: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Told when something was learnt. */
  readonly onLearnt: (peer: SyncPeer, changes: readonly LearntMapping[]) => void;
}

/** Answers LoST-Sync (RFC 6739) for those who may ask; whatever comes, with a document. */
export class SyncServer {
  readonly #answered;
  #waiting = 0;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(private readonly o: SyncServerOptions) {
    this.#answered = o.metrics.counter('esinet_lost_sync_answers_total', 'LoST-Sync requests by result', [
      'result',
    ]);
  }

  async handle(document: Uint8Array | string, caller: SyncCaller): Promise<string> {
    let given: SyncAnswer;
    try {
      given = await this.#answer(document, caller);
    } catch (error) {
      this.o.logger.error('lost-sync request failed', { reason: messageOf(error) });
      given = this.#error('internalError', 'this server made a mistake');
    }
    const [problem] = given.type === 'errors' ? given.errors : [];
    this.#answered.inc({ result: problem?.code ?? (given.type === 'errors' ? 'notDeleted' : given.type) });
    return writeSyncAnswer(given);
  }

  async #answer(document: Uint8Array | string, caller: SyncCaller): Promise<SyncAnswer> {
    // Who may not ask does not get his document read either.
    const peers = this.o.peers.of(caller);
    if (peers.length === 0) return this.#error('forbidden', 'not a peer of this server');
    const { maxBytes } = this.o;
    const read = readSyncRequest(document, { maxBytes, maxElements: Math.ceil(maxBytes / 16) });
    if (!read.ok) return this.#error('badRequest', read.error.message);
    if (read.value.type === 'pushMappings') return this.#push(read.value.mappings, peers);
    const reader = peers.find((peer) => peer.give !== 'none');
    if (!reader) return this.#error('forbidden', 'mappings are not given to this peer');
    return { type: 'getMappingsResponse', mappings: this.o.from.answerTo(reader, read.value.exists) };
  }

  /** RFC 6739 section 5.2. All of a document or nothing of it, deletions of what is not there excepted. */
  async #push(mappings: readonly Mapping[], peers: readonly SyncPeer[]): Promise<SyncAnswer> {
    const writer = peers.find((peer) => mappings.every((m) => mayWrite(peer, m.source, this.o.source)));
    if (!writer) return this.#error('forbidden', 'this peer may not write mappings of that source');
    const latest = this.o.clock.wall() + MAX_AHEAD_MS;
    if (mappings.some((m) => Date.parse(m.lastUpdated) > latest)) {
      return this.#error('badRequest', 'lastUpdated lies in the future');
    }
    if (this.#waiting >= MAX_WAITING) return this.#error('serverTimeout', 'too many pushes at once');
    this.#waiting += 1;
    const applied = this.#tail.then(() => this.#apply(mappings, writer));
    this.#tail = applied.catch(() => undefined);
    try {
      return await applied;
    } finally {
      this.#waiting -= 1;
    }
  }

  async #apply(mappings: readonly Mapping[], peer: SyncPeer): Promise<SyncAnswer> {
    const plan = this.o.base.plan(mappings, peer.name);
    if (!plan) return this.#error('internalError', 'there is no room for more mappings');
    try {
      await this.o.base.store(plan.changes);
    } catch (error) {
      this.o.logger.error('mappings not stored', { peer: peer.name, reason: messageOf(error) });
      return this.#error('internalError', 'the mappings could not be stored');
    }
    this.o.base.commit(plan.changes);
    if (plan.changes.length > 0) this.o.onLearnt(peer, plan.changes);
    if (plan.notDeleted.length === 0) return { type: 'pushMappingsResponse' };
    return {
      type: 'errors',
      source: this.o.source,
      errors: [],
      notDeleted: { message: 'no such mapping, or a newer one', mappings: plan.notDeleted },
    };
  }

  #error(code: LostErrorCode, message: string): SyncErrors {
    return { type: 'errors', source: this.o.source, errors: [{ code, message, lang: 'en' }] };
  }
}
