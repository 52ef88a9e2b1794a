import type {
  AskedSubscription,
  NotifierSubscription,
  NotifyCause,
  NotifySource,
  RefreshVerdict,
  Sleeper,
} from '@esinet/sip';
import { PIDF_CONTENT_TYPE, type Shape } from '@esinet/location';
import { type Sides, type Whereabouts, isWanted, learnSides } from './filter-match.js';
import { type LocationFilter, wishOf } from './location-filter.js';
import type { PresenceNow, PresencePort, Watcher } from './presence-port.js';
import { type Snapshot, documentFor, snapshotOf } from './snapshot.js';

/** What a watch needs of the server. */
export interface WatchSurroundings {
  readonly port: PresencePort;
  now(): number;
  wall(): number;
  /** Milliseconds between two looks at a location URI. */
  readonly spacing: number;
  wakeAt(watch: Watch, at: number): void;
  readFilters(asked: AskedSubscription, before: readonly LocationFilter[]): ReadFilters;
  failed(what: string, error: unknown): void;
  ended(watch: Watch): void;
}

export type ReadFilters =
  | { readonly ok: true; readonly filters: readonly LocationFilter[] }
  | { readonly ok: false; readonly status: number; readonly reason: string };

/** Milliseconds until a location that could not be looked up is looked up again. */
const retryMs = 5_000;

const nowhere: Whereabouts = {};

/** One subscription to one location URI: what it shows, what the watcher was told of it, and what it wants to be told. */
export class Watch implements NotifySource, Sleeper {
  wakeAt = Infinity;
  subscription: NotifierSubscription | undefined;
  /** Takes the listener back. */
  unwatch: (() => void) | undefined;
  #snapshot: Snapshot | undefined;
  #told: Whereabouts = nowhere;
  readonly #sides: Sides = new Map<Shape, 'in' | 'out'>();
  #wanted = false;
  #looking = false;
  #again = false;
  #lastLook = -Infinity;
  #over = false;

  constructor(
    private readonly around: WatchSurroundings,
    readonly token: string,
    private watcher: Watcher,
    private filters: readonly LocationFilter[],
    /** Wall milliseconds: the location URI works no more then. */
    readonly expires: number,
  ) {}

  /** What was shown when the subscription was made. */
  begin(first: PresenceNow): void {
    this.#see(snapshotOf(first));
    this.#lastLook = this.around.now();
  }

  /** Something may be different. Looked at soon, and not more often than the spacing. */
  changed(): void {
    if (this.#over) return;
    if (this.#looking) this.#again = true;
    else this.#wakeBy(this.#lastLook + this.around.spacing);
  }

  wake(): void {
    if (this.#over || this.#looking) return;
    this.#looking = true;
    this.#lastLook = this.around.now();
    this.#look()
      .catch((error: unknown) => {
        this.around.failed('look', error);
        this.#wakeBy(this.around.now() + retryMs);
      })
      .finally(() => {
        this.#looking = false;
        if (!this.#again) return;
        this.#again = false;
        this.changed();
      });
  }

  wants(): boolean {
    return this.#wanted;
  }

  body(cause: NotifyCause): ReturnType<NotifySource['body']> {
    this.#wanted = false;
    const snapshot = this.#snapshot;
    // RFC 6665 4.2.1.4: of the end too, since who unsubscribes with Expires 0 may want just that: a fetch.
    if (!snapshot) return undefined;
    if (cause !== 'terminated') {
      this.#told = {
        ...(snapshot.shape && { shape: snapshot.shape }),
        ...(snapshot.civic && { civic: snapshot.civic }),
      };
      learnSides(this.filters, snapshot, this.#sides);
    }
    const content = documentFor(snapshot, wishOf(this.filters));
    return content === undefined ? undefined : { type: PIDF_CONTENT_TYPE, content };
  }

  refresh(asked: AskedSubscription): RefreshVerdict {
    const read = this.around.readFilters(asked, this.filters);
    if (!read.ok) return { accepted: false, answer: { status: read.status, reason: read.reason } };
    const longest = (this.expires - this.around.wall()) / 1_000;
    this.filters = read.filters;
    return { accepted: true, longest: Math.max(0, longest) };
  }

  ended(): void {
    this.#over = true;
    this.#snapshot = undefined;
    this.around.wakeAt(this, Infinity);
    this.unwatch?.();
    this.unwatch = undefined;
    this.around.ended(this);
  }

  async #look(): Promise<void> {
    const { port } = this.around;
    const now = await port.presenceOf(this.token, this.watcher);
    if (this.#over) return;
    if (now) {
      const snapshot = snapshotOf(now);
      const wanted = isWanted(this.filters, this.#told, snapshot, this.#sides);
      this.#see(snapshot);
      return this.#tell(wanted);
    }
    // Nothing to be seen: the place has lapsed and may come back, or the location URI is void.
    const lapsed = !this.#snapshot || this.around.wall() >= this.#snapshot.placeExpires;
    if (lapsed && (await this.#exists())) {
      const news = this.#snapshot !== undefined;
      this.#snapshot = undefined;
      this.#told = nowhere;
      return this.#tell(news);
    }
    if (this.#over) return;
    this.#snapshot = undefined;
    // Revoked, used up or not for this watcher any more: which of them is not told.
    this.subscription?.terminate('noresource');
  }

  async #exists(): Promise<boolean> {
    const unwatch = await this.around.port.watch(this.token, () => undefined);
    unwatch?.();
    return unwatch !== undefined;
  }

  #tell(wanted: boolean): void {
    if (!wanted || this.#over) return;
    this.#wanted = true;
    this.subscription?.changed();
  }

  #see(snapshot: Snapshot): void {
    this.#snapshot = snapshot;
    // Nobody tells that a place has lapsed.
    if (snapshot.placeExpires < Infinity) {
      const left = Math.max(0, snapshot.placeExpires - this.around.wall());
      this.#wakeBy(this.around.now() + left + 1);
    }
  }

  #wakeBy(at: number): void {
    this.around.wakeAt(this, Math.min(this.wakeAt, Math.max(at, this.around.now())));
  }
}
