import { type Clock, type Logger, messageOf } from '@esinet/kernel';
import { PIDF_CONTENT_TYPE } from '@esinet/location';
import {
  type AskedSubscription,
  type EventPackage,
  type Flow,
  type SubscribeVerdict,
  type UasAnswer,
  WakeQueue,
  parseUri,
} from '@esinet/sip';
import { FILTER_TYPE, type LocationFilter, merged } from './location-filter.js';
import type { PresenceConfig } from './presence-config.js';
import type { PresenceNow, PresencePort, Watcher } from './presence-port.js';
import { readFilters } from './read-filter.js';
import { Turns } from './turns.js';
import { type ReadFilters, Watch, type WatchSurroundings } from './watch.js';

/** Watched location URIs looked at in one turn of the process. */
const looksPerTurn = 4;
/** SUBSCRIBEs decided on in one turn, and waiting for theirs. */
const opensPerTurn = 8;
const mostWaiting = 10_000;

export interface PresencePackageOptions {
  readonly port: PresencePort;
  readonly config: Omit<PresenceConfig, 'listen' | 'uris' | 'proxies' | 'farewell'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Told of each SUBSCRIBE that was decided on, without who or where. */
  readonly onSubscribe?: (result: 'watched' | 'unknown' | 'filter' | 'too-many') => void;
}

/** Of all that is no location URI of ours, and of all that is one no more: alike. */
const unknown: UasAnswer = { status: 404 };

const tooMany: UasAnswer = {
  status: 480,
  reason: 'Too Many Subscriptions',
  headers: [['Retry-After', '60']],
};

/** The event package presence for location URIs: RFC 3856 with the filters of RFC 6447. */
export class PresencePackage implements EventPackage {
  readonly type = 'presence';
  readonly defaultExpires: number;
  readonly bodyTypes = [PIDF_CONTENT_TYPE];
  readonly filterTypes = [FILTER_TYPE];
  readonly rates;
  readonly #watches = new Map<string, Set<Watch>>();
  readonly #opening = new Map<string, number>();
  readonly #looks: WakeQueue;
  readonly #turns: Turns;
  readonly #surroundings: WatchSurroundings;

  constructor(private readonly o: PresencePackageOptions) {
    const { config, clock, port } = o;
    this.defaultExpires = Math.floor(config.expires / 1_000);
    this.rates = {
      usualMax: 1_000 / config.interval,
      highestMax: 1_000 / config.shortestInterval,
      highestMin: 1_000 / config.shortestRepeat,
    };
    this.#looks = new WakeQueue(clock, looksPerTurn, (error) => this.#failed('look', error));
    this.#turns = new Turns(clock, opensPerTurn, mostWaiting);
    this.#surroundings = {
      port,
      now: () => clock.now(),
      wall: () => clock.wall(),
      spacing: config.shortestInterval,
      wakeAt: (watch, at) => this.#looks.set(watch, at),
      readFilters: (asked, before) => this.#readFilters(asked, before),
      failed: (what, error) => this.#failed(what, error),
      ended: (watch) => this.#forget(watch),
    };
  }

  /** Location URIs that somebody watches. */
  get watched(): number {
    return this.#watches.size;
  }

  async subscribe(asked: AskedSubscription): Promise<SubscribeVerdict> {
    const token = tokenOf(asked.resource);
    if (token === undefined) return this.#refuse('unknown', unknown);
    if (!(await this.#turns.take())) return this.#refuse('too-many', tooMany);
    const filters = this.#readFilters(asked, []);
    if (!filters.ok) return this.#refuse('filter', flaw(filters.status, filters.reason));
    const opening = this.#opening.get(token) ?? 0;
    if ((this.#watches.get(token)?.size ?? 0) + opening >= this.o.config.perUri) {
      return this.#refuse('too-many', tooMany);
    }
    // Many may come before the first of them has been looked up.
    this.#opening.set(token, opening + 1);
    try {
      return await this.#open(asked, token, filters.filters);
    } finally {
      const left = (this.#opening.get(token) ?? 1) - 1;
      if (left > 0) this.#opening.set(token, left);
      else this.#opening.delete(token);
    }
  }

  async #open(
    asked: AskedSubscription,
    token: string,
    filters: readonly LocationFilter[],
  ): Promise<SubscribeVerdict> {
    const watcher = watcherOf(asked.flow);
    let watch: Watch | undefined;
    // Before the first look, so that no change falls between.
    const unwatch = await this.o.port.watch(token, () => watch?.changed());
    if (!unwatch) return this.#refuse('unknown', unknown);
    let now: PresenceNow | undefined;
    try {
      now = await this.o.port.presenceOf(token, watcher);
    } finally {
      if (!now) unwatch();
    }
    const longest = now ? (now.expires - this.o.clock.wall()) / 1_000 : 0;
    if (!now || longest < 1) return this.#refuse('unknown', unknown);
    const first = now;
    const made = new Watch(this.#surroundings, token, watcher, filters, now.expires);
    made.unwatch = unwatch;
    this.o.onSubscribe?.('watched');
    return {
      accepted: true,
      longest,
      open: (subscription) => {
        watch = made;
        made.subscription = subscription;
        const all = this.#watches.get(token) ?? new Set<Watch>();
        this.#watches.set(token, all.add(made));
        made.begin(first);
        return made;
      },
    };
  }

  close(): void {
    this.#looks.stop();
  }

  #refuse(result: 'unknown' | 'filter' | 'too-many', answer: UasAnswer): SubscribeVerdict {
    this.o.onSubscribe?.(result);
    return { accepted: false, answer };
  }

  /** RFC 4660 4.2: a SUBSCRIBE without a body leaves the filters as they are. */
  #readFilters({ request, resource }: AskedSubscription, before: readonly LocationFilter[]): ReadFilters {
    if (request.body.length === 0) return { ok: true, filters: before };
    const { config } = this.o;
    const token = tokenOf(resource);
    const read = readFilters(
      request.body,
      // In a dialog the Request-URI is our Contact: the resource is the one the dialog was made for.
      (uri) => token === undefined || tokenOf(uri) === token,
      config,
      { maxBytes: config.maxFilterBytes },
    );
    if (!read.ok) return { ok: false, ...read.error };
    const filters = merged(before, read.value, config);
    return filters ? { ok: true, filters } : { ok: false, status: 488, reason: 'Too Many Filters' };
  }

  #forget(watch: Watch): void {
    const all = this.#watches.get(watch.token);
    all?.delete(watch);
    if (all?.size === 0) this.#watches.delete(watch.token);
  }

  #failed(what: string, error: unknown): void {
    this.o.logger.error('presence failed', { what, reason: messageOf(error) });
  }
}

/** RFC 3261 20.43: why, for people; 399 is a miscellaneous warning. */
function flaw(status: number, reason: string): UasAnswer {
  return { status, reason };
}

/** The token of `pres:TOKEN@domain`, `sip:TOKEN@host` or `sips:TOKEN@host`. */
export function tokenOf(uri: string): string | undefined {
  const parsed = parseUri(uri);
  if (!parsed) return undefined;
  const user = parsed.scheme === 'pres' ? /^([^@?;]+)@[^@]+$/.exec(parsed.opaque ?? '')?.[1] : parsed.user;
  return user !== undefined && /^[a-z0-9]{16,64}$/.test(user) ? Buffer.from(user).toString() : undefined;
}

function watcherOf(flow: Flow): Watcher {
  const { remoteAddress: address, tlsPeer } = flow;
  if (!tlsPeer?.authorized) return { address };
  const names = [...tlsPeer.sanUris.map((uri) => `URI:${uri}`), ...tlsPeer.sanDns.map((dns) => `DNS:${dns}`)];
  return { address, names };
}
