import { type Result, err, ok } from '@esinet/kernel';
import {
  type XmlElement,
  type XmlLimits,
  attribute,
  child,
  childrenOf,
  escapeAttribute,
  readXml,
} from '@esinet/xml';

/** RFC 4745 section 15.2. */
export const COMMON_POLICY_NS = 'urn:ietf:params:xml:ns:common-policy';
/** RFC 6772. */
export const GEOLOCATION_POLICY_NS = 'urn:ietf:params:xml:ns:geolocation-policy';
export const LOCATION_PROFILES_NS = 'urn:ietf:params:xml:ns:basic-location-profiles';
/** RFC 4745 section 15.1; RFC 7199 section 3.1 makes it the form every LIS knows. */
export const AUTH_POLICY_CONTENT_TYPE = 'application/auth-policy+xml';

/** Rules of one policy, identities and validities of one rule. */
const MAX_RULES = 64;
const MAX_CONDITIONS = 64;

/** From less to more. RFC 6772, civic location transformation. */
export const CIVIC_LEVELS = ['none', 'country', 'region', 'city', 'building', 'full'] as const;
export type CivicLevel = (typeof CIVIC_LEVELS)[number];

/** Who: one URI, or everybody, or everybody of a domain, but for some. RFC 4745 section 7.1 */
export type PolicyIdentity =
  | { readonly one: string }
  | {
      readonly domain?: string;
      readonly exceptIds: readonly string[];
      readonly exceptDomains: readonly string[];
    };

export interface PolicyValidity {
  /** Wall milliseconds. */
  readonly from: number;
  readonly until: number;
}

/** What a rule grants of a location. */
export interface PolicyGrant {
  readonly civic: CivicLevel;
  /** Metres around within which the place may be told: 0 is the place itself, undefined nothing. */
  readonly geodeticRadius?: number;
  readonly retransmissionAllowed: boolean;
  /** Seconds. */
  readonly retention?: number;
}

export interface PolicyRule {
  readonly id: string;
  /** Undefined: anybody who has the location URI. */
  readonly identities?: readonly PolicyIdentity[];
  readonly validities?: readonly PolicyValidity[];
  /** It has a condition that is not known here: it never applies (RFC 4745 section 7). */
  readonly unknownCondition: boolean;
  readonly grant: PolicyGrant;
}

/** Reads a common-policy document. The message says what is wrong with it and quotes nothing. */
export function readPolicy(
  bytes: Uint8Array | string,
  limits?: Partial<XmlLimits>,
): Result<PolicyRule[], string> {
  const document = readXml(bytes, limits);
  if (!document.ok) return err(`XML: ${document.error.code}`);
  const root = document.value;
  if (root.uri !== COMMON_POLICY_NS || root.local !== 'ruleset') return err('not a ruleset of RFC 4745');
  const elements = childrenOf(root, COMMON_POLICY_NS, 'rule');
  if (elements.length > MAX_RULES) return err('too many rules');
  const rules: PolicyRule[] = [];
  for (const element of elements) {
    const rule = readRule(element);
    if (!rule.ok) return rule;
    if (rules.some(({ id }) => id === rule.value.id)) return err('two rules of one id');
    rules.push(rule.value);
  }
  return ok(rules);
}

function readRule(element: XmlElement): Result<PolicyRule, string> {
  const id = attribute(element, 'id')?.trim() ?? '';
  if (id === '' || id.length > 256) return err('a rule without an id');
  const conditions = child(element, COMMON_POLICY_NS, 'conditions')?.children ?? [];
  let identities: PolicyIdentity[] | undefined;
  let validities: PolicyValidity[] | undefined;
  let unknownCondition = false;
  for (const condition of conditions) {
    if (condition.children.length > MAX_CONDITIONS) return err('too many conditions');
    if (condition.uri === COMMON_POLICY_NS && condition.local === 'identity') {
      identities = condition.children.flatMap((c) => identityOf(c) ?? []);
    } else if (condition.uri === COMMON_POLICY_NS && condition.local === 'validity') {
      const read = validitiesOf(condition);
      if (!read) return err('a validity that is no span of time');
      validities = read;
    } else unknownCondition = true;
  }
  const grant = grantOf(child(element, COMMON_POLICY_NS, 'transformations'));
  if (!grant) return err('a transformation with a value it cannot have');
  return ok({
    id,
    ...(identities ? { identities } : {}),
    ...(validities ? { validities } : {}),
    unknownCondition,
    grant,
  });
}

/** RFC 4745 section 7.1. What is not known grants nothing to anybody. */
function identityOf(e: XmlElement): PolicyIdentity | undefined {
  if (e.uri !== COMMON_POLICY_NS) return undefined;
  if (e.local === 'one') {
    const one = attribute(e, 'id')?.trim() ?? '';
    return one === '' ? undefined : { one };
  }
  if (e.local !== 'many') return undefined;
  const domain = attribute(e, 'domain')?.trim().toLowerCase();
  const excepts = childrenOf(e, COMMON_POLICY_NS, 'except').slice(0, MAX_CONDITIONS);
  // An exception of another vocabulary cannot be honoured: nobody is granted anything then.
  if (excepts.length !== e.children.length) return undefined;
  return {
    ...(domain === undefined ? {} : { domain }),
    exceptIds: excepts.flatMap((x) => attribute(x, 'id')?.trim() ?? []),
    exceptDomains: excepts.flatMap((x) => attribute(x, 'domain')?.trim().toLowerCase() ?? []),
  };
}

/** RFC 4745 section 7.3: pairs of from and until; an open end is taken as open (RFC 7199 section 5.1 shows one). */
function validitiesOf(e: XmlElement): PolicyValidity[] | undefined {
  const spans: PolicyValidity[] = [];
  let from: number | undefined;
  for (const c of e.children) {
    const at = Date.parse(c.text.trim());
    if (!Number.isFinite(at)) return undefined;
    if (c.local === 'from') {
      if (from !== undefined) spans.push({ from, until: Number.MAX_SAFE_INTEGER });
      from = at;
    } else if (c.local === 'until') {
      spans.push({ from: from ?? 0, until: at });
      from = undefined;
    } else return undefined;
  }
  if (from !== undefined) spans.push({ from, until: Number.MAX_SAFE_INTEGER });
  return spans;
}

function grantOf(e: XmlElement | undefined): PolicyGrant | undefined {
  let civic: CivicLevel = 'none';
  let geodeticRadius: number | undefined;
  for (const provide of e ? childrenOf(e, GEOLOCATION_POLICY_NS, 'provide-location') : []) {
    const profile = attribute(provide, 'profile')?.trim();
    if (profile === undefined && provide.children.length === 0) {
      civic = 'full';
      geodeticRadius = 0;
      continue;
    }
    const level = child(provide, LOCATION_PROFILES_NS, 'provide-civic')?.text.trim();
    if (level !== undefined) {
      const index = CIVIC_LEVELS.indexOf(level as CivicLevel);
      if (index < 0) return undefined;
      civic = CIVIC_LEVELS[Math.max(index, CIVIC_LEVELS.indexOf(civic))] ?? 'none';
    }
    const geo = child(provide, LOCATION_PROFILES_NS, 'provide-geo');
    if (geo) {
      const radius = Number(attribute(geo, 'radius')?.trim() ?? NaN);
      if (!(radius >= 0 && radius <= 20_000_000)) return undefined;
      geodeticRadius = Math.min(radius, geodeticRadius ?? Infinity);
    }
  }
  const text = (name: string): string | undefined =>
    (e && child(e, GEOLOCATION_POLICY_NS, name))?.text.trim();
  const retransmission = text('set-retransmission-allowed') ?? 'false';
  if (!['true', 'false', '0', '1'].includes(retransmission)) return undefined;
  const retention = text('set-retention-expiry');
  if (retention !== undefined && !/^\d{1,10}$/.test(retention)) return undefined;
  return {
    civic,
    ...(geodeticRadius === undefined ? {} : { geodeticRadius }),
    retransmissionAllowed: retransmission === 'true' || retransmission === '1',
    ...(retention === undefined ? {} : { retention: Number(retention) }),
  };
}

/**
 * What the rules grant to somebody now; undefined: nothing. Grants of several rules add up (RFC 4745 section 10).
 * `names` are URIs and domains that were authenticated; without any, a rule that asks for an identity does not apply
 * (RFC 6753 section 4.3).
 */
export function policyGrant(
  rules: readonly PolicyRule[],
  names: readonly string[],
  now: number,
): PolicyGrant | undefined {
  const granted = rules.filter((rule) => applies(rule, names, now)).map(({ grant }) => grant);
  if (!granted.some(({ civic, geodeticRadius }) => civic !== 'none' || geodeticRadius !== undefined))
    return undefined;
  const radii = granted.flatMap(({ geodeticRadius }) => geodeticRadius ?? []);
  const retentions = granted.flatMap(({ retention }) => retention ?? []);
  const best = Math.max(...granted.map(({ civic }) => CIVIC_LEVELS.indexOf(civic)));
  return {
    civic: CIVIC_LEVELS[best] ?? 'none',
    ...(radii.length === 0 ? {} : { geodeticRadius: Math.min(...radii) }),
    retransmissionAllowed: granted.some(({ retransmissionAllowed }) => retransmissionAllowed),
    ...(retentions.length === 0 ? {} : { retention: Math.max(...retentions) }),
  };
}

function applies(rule: PolicyRule, names: readonly string[], now: number): boolean {
  if (rule.unknownCondition) return false;
  const { identities, validities } = rule;
  if (validities && !validities.some(({ from, until }) => now >= from && now < until)) return false;
  return !identities || names.some((name) => identities.some((identity) => isAmong(name, identity)));
}

function isAmong(name: string, identity: PolicyIdentity): boolean {
  if ('one' in identity) return name.toLowerCase() === identity.one.toLowerCase();
  const domain = name.slice(Math.max(name.lastIndexOf('@'), name.lastIndexOf(':')) + 1).toLowerCase();
  if (identity.domain !== undefined && identity.domain !== domain) return false;
  if (identity.exceptDomains.includes(domain)) return false;
  return !identity.exceptIds.some((id) => id.toLowerCase() === name.toLowerCase());
}

/** The policy there is without one: whoever has the location URI gets the location (RFC 7199 section 3.2). */
export function writeDefaultPolicy(o: { readonly until: string; readonly retention: number }): string {
  return (
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
    `<ruleset xmlns="${COMMON_POLICY_NS}" xmlns:gp="${GEOLOCATION_POLICY_NS}"><rule id="possession">` +
    `<conditions><validity><until>${escapeAttribute(o.until)}</until></validity></conditions><actions/>` +
    '<transformations><gp:provide-location/>' +
    '<gp:set-retransmission-allowed>false</gp:set-retransmission-allowed>' +
    `<gp:set-retention-expiry>${o.retention}</gp:set-retention-expiry>` +
    '</transformations></rule></ruleset>'
  );
}
