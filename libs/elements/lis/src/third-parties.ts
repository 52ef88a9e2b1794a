import type { DeviceIdentity, DeviceIdentityKind } from '@esinet/held';
import { identityKey } from '@esinet/held';
import { PeerList } from './peer-list.js';

/** Who asks. */
export interface Requester {
  readonly address: string;
  /** Names of the client certificate, when it showed a good one. */
  readonly names?: readonly string[];
}

/** One agreement with third parties, as configured (RFC 6155 4.2). */
export interface ThirdPartyRule {
  readonly peers: readonly string[];
  /** Kinds of identifiers they may use. Undefined: all. */
  readonly kinds?: readonly DeviceIdentityKind[] | undefined;
  /** Patterns that an identifier has to fit, such as `uri:sip:*@provider.lab`. Undefined: all. */
  readonly identifiers?: readonly string[] | undefined;
  readonly give: readonly ('value' | 'reference')[];
}

/** What a third party may get. */
export interface Allowance {
  readonly value: boolean;
  readonly reference: boolean;
}

interface Agreement {
  readonly peers: PeerList;
  readonly kinds: ReadonlySet<string> | undefined;
  readonly fits: ((key: string) => boolean) | undefined;
  readonly allowance: Allowance;
}

/** The agreements with those who may ask for the location of others. Without any: nobody may. */
export class ThirdParties {
  readonly #agreements: readonly Agreement[];

  constructor(rules: readonly ThirdPartyRule[]) {
    this.#agreements = rules.map((rule) => ({
      peers: new PeerList(rule.peers),
      kinds: rule.kinds && new Set(rule.kinds),
      fits: rule.identifiers && oneFits(rule.identifiers),
      allowance: { value: rule.give.includes('value'), reference: rule.give.includes('reference') },
    }));
  }

  /** What the requester may get by these identifiers, all of one agreement. Undefined: nothing. */
  allowance(requester: Requester, identities: readonly DeviceIdentity[]): Allowance | undefined {
    let value = false;
    let reference = false;
    for (const agreement of this.#agreements) {
      if (!agreement.peers.has(requester)) continue;
      if (!identities.every((identity) => covers(agreement, identity))) continue;
      value ||= agreement.allowance.value;
      reference ||= agreement.allowance.reference;
    }
    return value || reference ? { value, reference } : undefined;
  }
}

function covers({ kinds, fits }: Agreement, identity: DeviceIdentity): boolean {
  if (kinds && !kinds.has(identity.kind)) return false;
  if (!fits) return true;
  const key = identityKey(identity);
  return key !== undefined && fits(key);
}

/** Patterns with `*` for any characters, matched without backtracking over what a stranger sent. */
function oneFits(patterns: readonly string[]): (key: string) => boolean {
  const split = patterns.map((pattern) => pattern.split('*'));
  return (key) => split.some((parts) => fitsParts(key, parts));
}

function fitsParts(key: string, parts: readonly string[]): boolean {
  const [first = ''] = parts;
  if (parts.length === 1) return key === first;
  const last = parts.at(-1) ?? '';
  if (!key.startsWith(first) || key.length < first.length + last.length || !key.endsWith(last)) return false;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = key.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at <= key.length - last.length;
}
