import type { Clock } from '@esinet/kernel';
import type { FindServiceRequest, ListServicesByLocationRequest, LostLocation } from '@esinet/lost';
import type { AnswerCache } from './answer-cache.js';
import type { BoundaryShelf } from './boundary-shelf.js';
import type { Coverage } from './coverage.js';
import type { EcrfLayers } from './layers.js';
import type { ForeignMappings } from './sync/foreign-mappings.js';
import type { Upstreams } from './upstream.js';

export interface ReferralLimits {
  /** For all questions that one question brings about. Milliseconds. */
  readonly budgetMs: number;
  /** Less for each server that was asked before us, so that its own time is not over before our error arrives. */
  readonly hopMs: number;
  /** Redirects of others followed in a row. */
  readonly redirects: number;
  /** Servers asked at once where coverage regions overlap. */
  readonly overlapping: number;
}

/** Where questions go that are not answered from own boundaries. */
export interface Referral {
  readonly coverage: Coverage;
  /** Of other servers, answered as they came. */
  readonly mappings: ForeignMappings;
  /** Asked where neither boundaries nor coverage hold the location. Lower case. */
  readonly forestGuide: string | undefined;
  readonly upstreams: Upstreams;
  readonly cache: AnswerCache;
  readonly clock: Clock;
  readonly limits: ReferralLimits;
  close(): void;
}

export interface ResolveContext {
  readonly layers: EcrfLayers;
  /** Boundaries of others that were given by reference to this server. */
  readonly boundaries: BoundaryShelf;
  /** Boundaries of service lists that were. */
  readonly lists: BoundaryShelf;
  /** Undefined: nobody is ever asked. */
  readonly referral: Referral | undefined;
}

export interface Asking extends ResolveContext {
  readonly referral: Referral;
}

export type Located = FindServiceRequest | ListServicesByLocationRequest;

export const LANG = 'en';

/** RFC 5222 section 12.1 rule 7, as `answer` takes it; undefined where it cannot be used. */
export function locationOf(request: Located): LostLocation | undefined {
  const chosen = request.locations.find((l) => l.errorCode !== 'locationProfileUnrecognized');
  return chosen?.shape || chosen?.civic ? chosen : undefined;
}

export function visitedOf(path: readonly string[]): Set<string> {
  return new Set(path.map((source) => source.toLowerCase()));
}
