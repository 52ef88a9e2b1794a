import type { PolicyGrant } from '@esinet/held';
import { isoTime } from '@esinet/kernel';
import {
  type PidfLoPlace,
  type Shape,
  centroidOf,
  distance,
  uncertaintyOf,
  writePresence,
} from '@esinet/location';
import type { Chosen } from './choose-location.js';
import { grantedPlaces } from './granted-places.js';
import { type Place, isFinerThanShape } from './place.js';

/** Tuples of one document. */
const MAX_TUPLES = 4;
/** RFC 5491 5: the confidence of an area of which nothing else is said. */
const USUAL_CONFIDENCE = 95;
/** Metres by which two measures of one place may miss each other. */
const SAME_PLACE_SLACK = 100;

export interface PresenceOptions {
  readonly entity: string;
  /** Wall milliseconds. */
  readonly now: number;
  /** Milliseconds a recipient may keep it (RFC 4119 2.2.2). */
  readonly retentionMs: number;
  readonly providedBy?: string | undefined;
  readonly retransmissionAllowed?: boolean | undefined;
  /** What a policy leaves of it (RFC 7199). Undefined: all. */
  readonly grant?: PolicyGrant | undefined;
}

/**
 * The presence document of a device, the most precise place first. Several places only where they are the same one told
 * in several ways (RFC 5491 3, rule 3); an address that is coarser than the area beside it gets a tuple of its own, so
 * that rule 7 holds and the precise one still comes first. Undefined: the policy leaves nothing.
 */
export function composePresence(
  places: readonly Place[],
  chosen: Pick<Chosen, 'geodetic' | 'civic'>,
  o: PresenceOptions,
): string | undefined {
  const left = places.flatMap((place): Place[] => {
    const { shape, civic, ...rest } = place;
    const kept = {
      ...rest,
      ...(chosen.geodetic && shape ? { shape } : {}),
      ...(chosen.civic && civic ? { civic } : {}),
    };
    return kept.shape || kept.civic ? [kept] : [];
  });
  const granted = o.grant ? grantedPlaces(left, o.grant) : left;
  const [first, ...others] = granted;
  if (!first) return undefined;
  const same = others.filter((other) => isSamePlace(first, other));
  const tuples = [first, ...same].flatMap(apart).slice(0, MAX_TUPLES);
  return writePresence(
    o.entity,
    tuples.map((place) => written(place, o)),
  );
}

/** RFC 5491 3, rules 6 and 7. */
function apart(place: Place): Place[] {
  if (isFinerThanShape(place)) return [place];
  const { shape, civic, ...rest } = place;
  return [
    { ...rest, ...(shape ? { shape } : {}) },
    { ...rest, ...(civic ? { civic } : {}) },
  ];
}

/** Whether two places can be one, as far as it can be seen. */
function isSamePlace(a: Place, b: Place): boolean {
  if (!a.shape || !b.shape) return true;
  const apartBy = distance(centroidOf(a.shape), centroidOf(b.shape));
  return apartBy <= reach(a.shape) + reach(b.shape) + SAME_PLACE_SLACK;
}

function reach(shape: Shape): number {
  return uncertaintyOf(shape);
}

function written(place: Place, o: PresenceOptions): PidfLoPlace {
  const { shape, civic, method } = place;
  const confidence =
    place.confidence ?? (shape && shape.type !== 'point' ? { value: USUAL_CONFIDENCE } : undefined);
  const providedBy = place.providedBy ?? o.providedBy;
  const retransmissionAllowed = o.grant
    ? o.grant.retransmissionAllowed
    : (place.retransmissionAllowed ?? o.retransmissionAllowed);
  const retention = Math.min(o.retentionMs, (o.grant?.retention ?? Infinity) * 1_000);
  return {
    ...(shape ? { shape } : {}),
    ...(civic ? { civic } : {}),
    ...(confidence ? { confidence } : {}),
    timestamp: isoTime(place.timestamp ?? o.now),
    method,
    ...(providedBy === undefined ? {} : { providedBy }),
    ...(retransmissionAllowed === undefined ? {} : { retransmissionAllowed }),
    retentionExpiry: isoTime(o.now + retention),
  };
}
