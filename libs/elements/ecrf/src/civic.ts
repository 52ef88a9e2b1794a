import type { CivicAddress } from '@esinet/location';
import type { LocationValidation } from '@esinet/lost';
import { type CivicRule, type EcrfLayers, type ServedBoundary, isInForce } from './layers.js';

export interface CivicHit {
  readonly served: ServedBoundary;
  /** The addresses of the boundary, RFC 5222 section 12.3. */
  readonly rule: CivicRule;
}

/** What makes an address unusable whatever the table holds. Undefined: nothing. */
export function civicProblem(address: CivicAddress): string | undefined {
  const country = valueOf(address, 'country');
  // RFC 5139 section 3: the two letters of ISO 3166.
  if (country !== undefined && !/^[A-Za-z]{2}$/.test(country)) return 'country is not a two-letter code';
  return undefined;
}

/** The rule that says most about an address, among those of one service. */
export function findCivic(
  layers: EcrfLayers,
  urn: string,
  address: CivicAddress,
  now: number,
): CivicHit | undefined {
  let best: CivicHit | undefined;
  for (const rule of layers.civic) {
    const served = layers.served.get(rule.boundary);
    if (!served || served.boundary.serviceUrn !== urn || !isInForce(served.boundary, now)) continue;
    if (best && best.rule.match.elements.length >= rule.match.elements.length) continue;
    if (rule.match.elements.every(({ name, value }) => same(valueOf(address, name), value)))
      best = { served, rule };
  }
  return best;
}

/** RFC 5222 section 8.4.2: what the mapping rests on is valid, the rest was not looked at. */
export function validationOf(address: CivicAddress, rule: CivicRule | undefined): LocationValidation {
  const matched = new Set(rule?.match.elements.map((e) => e.name));
  const names = [...new Set(address.elements.map((e) => e.name))];
  return {
    valid: names.filter((name) => matched.has(name)),
    invalid: [],
    unchecked: names.filter((name) => !matched.has(name)),
  };
}

function valueOf(address: CivicAddress, name: string): string | undefined {
  return address.elements.find((e) => e.name === name)?.value.trim();
}

function same(a: string | undefined, b: string): boolean {
  return a !== undefined && folded(a) === folded(b);
}

function folded(text: string): string {
  return text.normalize('NFC').trim().toLowerCase();
}
