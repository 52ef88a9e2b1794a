import { type CivicAddress, type Confidence, type Shape, uncertaintyOf } from '@esinet/location';

/** Where a device is, as provisioned. At least one of `shape` and `civic` is there; both are the same place. */
export interface Place {
  readonly shape?: Shape;
  readonly civic?: CivicAddress;
  /** RFC 4119 2.2.3: how the location was found. */
  readonly method: string;
  /** Wall milliseconds: when the device was there. Undefined: a place that stays, true at any time. */
  readonly timestamp?: number;
  /** Wall milliseconds after which it is not known any more whether this is true. */
  readonly expires?: number;
  /** RFC 7459 4.1. */
  readonly confidence?: Confidence;
  /** RFC 7852 6.2: where data about who provides it is. */
  readonly providedBy?: string;
  /** RFC 4119 2.2.2. */
  readonly retransmissionAllowed?: boolean;
  /** Milliseconds it takes to find the location. */
  readonly delayMs: number;
  /** Metres, for comparison: `precisionOf`, worked out when it was provisioned. */
  readonly precision: number;
}

/** Metres an address leaves open, by the finest element it has. Only to compare places, never told to anybody. */
const CIVIC_METRES: readonly (readonly [metres: number, elements: readonly string[]])[] = [
  [5, ['ROOM', 'SEAT', 'UNIT', 'FLR']],
  [30, ['HNO', 'BLD', 'NAM', 'LOC', 'ADDCODE']],
  [100, ['LMK', 'POBOX']],
  [500, ['RD', 'RDSEC', 'RDBR', 'RDSUBBR', 'A6']],
  [2_000, ['PC', 'A5', 'A4']],
  [10_000, ['A3', 'PCN']],
  [50_000, ['A2']],
  [150_000, ['A1']],
];
const COUNTRY_METRES = 1_000_000;

/** How near to the device a place leads, in metres: the finer of its two forms. */
export function precisionOf(place: Pick<Place, 'shape' | 'civic'>): number {
  const shape = place.shape ? uncertaintyOf(place.shape) : Infinity;
  return Math.min(shape, place.civic ? civicMetres(place.civic) : Infinity);
}

function civicMetres(civic: CivicAddress): number {
  const names = new Set(civic.elements.map(({ name }) => name));
  return CIVIC_METRES.find(([, elements]) => elements.some((name) => names.has(name)))?.[0] ?? COUNTRY_METRES;
}

/** Whether an address leads nearer to the device than the area does (RFC 5491 3, rule 7: the coarse one comes first). */
export function isFinerThanShape(place: Pick<Place, 'shape' | 'civic'>): boolean {
  return (
    !place.shape || !place.civic || civicMetres(place.civic) <= Math.max(100, uncertaintyOf(place.shape))
  );
}

export interface ChosenPlaces {
  /** The most precise first. At least one. */
  readonly places: readonly Place[];
  /** Milliseconds until they are there. */
  readonly delayMs: number;
}

/**
 * What is known now, found within `waitMs`: the most precise that can be had in that time (RFC 5985 6.1), and other
 * places beside it. `late`: nothing so fast. Undefined: nothing at all. Where all has expired, the newest of what
 * expired less than `lapsedMs` ago, which its timestamp tells.
 */
export function placesNow(
  places: readonly Place[],
  now: number,
  o: { readonly waitMs?: number | undefined; readonly lapsedMs: number },
): ChosenPlaces | 'late' | undefined {
  const only = places[0];
  // Nearly every device: one place, at once.
  if (places.length === 1 && only && only.delayMs === 0 && now < (only.expires ?? Infinity))
    return { places, delayMs: 0 };
  let known = places.filter(({ expires }) => now < (expires ?? Infinity));
  if (known.length === 0) {
    const lapsed = places.filter(({ expires = 0 }) => now < expires + o.lapsedMs);
    const newest = lapsed.sort((a, b) => (b.expires ?? 0) - (a.expires ?? 0))[0];
    if (!newest) return undefined;
    known = [newest];
  }
  const inTime = known.filter(({ delayMs }) => o.waitMs === undefined || delayMs <= o.waitMs);
  if (inTime.length === 0) return 'late';
  const chosen = inTime.sort((a, b) => a.precision - b.precision);
  return { places: chosen, delayMs: Math.max(...chosen.map(({ delayMs }) => delayMs)) };
}
