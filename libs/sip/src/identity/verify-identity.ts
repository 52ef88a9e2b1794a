import { verify } from 'node:crypto';
import type { SipMessage } from '../codec/sip-message.js';
import { type Party, destinationsOf, originatorOf, partyOf } from './call-parties.js';
import type { KnownCertificate } from './certificate-cache.js';
import type { SigningCertificate } from './certificate-chain.js';
import { type Claims, type Passport, parsePassport } from './passport.js';

/** Why an Identity value is worth nothing, or not yet anything. */
export type IdentityReason =
  | 'malformed'
  | 'algorithm'
  | 'stale'
  | 'x5u'
  | 'not-allowed'
  | 'key'
  | 'not-fetched'
  | 'unreachable'
  | 'not-trusted'
  | 'busy'
  | 'certificate-expired'
  | 'authority'
  | 'orig'
  | 'dest'
  | 'priority'
  | 'signature'
  | 'ppt';

/** What the Identity header fields of a request say, taken together. A label: nothing is refused for it. */
export interface IdentityLabel {
  readonly outcome: 'passed' | 'failed' | 'unknown';
  readonly reason?: IdentityReason;
}

/** The word for each outcome that travels with the call; the field's parameter is called `verstat`. */
export const verstatOf = {
  passed: 'TN-Validation-Passed',
  failed: 'TN-Validation-Failed',
  unknown: 'No-TN-Validation',
} as const satisfies Record<IdentityLabel['outcome'], string>;

/** Identity values of one request that are looked at: each costs a signature. */
const mostValues = 4;

/** PASSporT types that are understood. RFC 8443, RFC 9027 and RFC 8588 */
const supported = new Set([undefined, 'rph', 'shaken']);

const failures = new Set<IdentityReason>([
  'malformed',
  'algorithm',
  'stale',
  'x5u',
  'key',
  'certificate-expired',
  'authority',
  'orig',
  'dest',
  'priority',
  'signature',
]);

export interface IdentityContext {
  /** Wall milliseconds. */
  readonly now: number;
  /** Milliseconds that `iat` may be off. RFC 8224 6.2 step 4 */
  readonly freshMs: number;
  readonly certificate: (x5u: string) => KnownCertificate;
}

/**
 * RFC 8224 6.2: undefined where there is no Identity. Passed as soon as one value is good (6.2.1); failed where all that
 * could be judged are bad. Asks for a certificate only when everything else of a value is in order.
 */
export function verifyIdentity(request: SipMessage, context: IdentityContext): IdentityLabel | undefined {
  if (!request.has('Identity')) return undefined;
  const values = request.values('Identity');
  let worst: IdentityLabel | undefined;
  for (const value of values.slice(0, mostValues)) {
    const reason = problemOf(value, request, context);
    if (reason === undefined) return { outcome: 'passed' };
    const label: IdentityLabel = { outcome: failures.has(reason) ? 'failed' : 'unknown', reason };
    // One that may turn out good weighs more than one that is bad.
    if (!worst || (worst.outcome === 'failed' && label.outcome === 'unknown')) worst = label;
  }
  return worst ?? { outcome: 'failed', reason: 'malformed' };
}

function problemOf(value: string, request: SipMessage, context: IdentityContext): IdentityReason | undefined {
  const parsed = parsePassport(value);
  if (!parsed.ok) return parsed.error;
  const passport = parsed.value;
  if (!supported.has(passport.ppt)) return 'ppt';
  // RFC 8225 4.2: this one algorithm. What says `none` or names a shared secret is an attack.
  if (passport.alg !== 'ES256') return 'algorithm';
  const originator = originatorOf(request);
  if (!originator) return 'orig';
  const claimed = passport.full?.claims;
  const iat = claimed ? claimed.iat * 1_000 : Date.parse(request.header('Date') ?? '');
  if (!(Math.abs(context.now - iat) <= context.freshMs)) return 'stale';
  const mismatch = claimed && claimsProblem(claimed, passport, request, originator);
  if (mismatch) return mismatch;
  const known = context.certificate(passport.x5u);
  if (known.kind !== 'certificate') return known.why;
  const { certificate } = known;
  if (iat < certificate.from || iat > certificate.to || context.now > certificate.to) {
    return 'certificate-expired';
  }
  if (!speaksFor(certificate, originator, claimed)) return 'authority';
  return isSigned(passport, certificate, request, originator, iat / 1_000) ? undefined : 'signature';
}

/** RFC 8224 6.2.4: the call is what the signalling says; claims that say otherwise are another call's. */
function claimsProblem(
  claims: Claims,
  passport: Passport,
  request: SipMessage,
  originator: Party,
): IdentityReason | undefined {
  const { orig, dest } = claims;
  const origFits =
    orig.tn !== undefined
      ? orig.tn === originator.tn
      : orig.uri !== undefined && partyOf(orig.uri)?.uri === originator.uri;
  if (!origFits) return 'orig';
  const destinations = destinationsOf(request);
  const destFits = destinations.some(
    ({ tn, uri }) =>
      (tn !== undefined && dest.tn.includes(tn)) || dest.uri.some((each) => partyOf(each)?.uri === uri),
  );
  if (!destFits) return 'dest';
  return passport.ppt === 'rph' ? priorityProblem(claims, request) : undefined;
}

/** RFC 8443 4.2, RFC 9027 3, 4: what is asserted is what the header fields say. */
function priorityProblem({ rph, sph }: Claims, request: SipMessage): IdentityReason | undefined {
  if (!rph || rph.length === 0) return 'priority';
  const asserted = new Set(rph.map((value) => value.toLowerCase()));
  const asked = request.values('Resource-Priority').map((value) => value.trim().toLowerCase());
  if (!asked.every((value) => asserted.has(value))) return 'priority';
  if (sph === undefined) return undefined;
  const priority = request.header('Priority')?.trim().toLowerCase();
  return sph === 'psap-callback' &&
    priority === sph &&
    [...asserted].some((value) => value.startsWith('esnet.'))
    ? undefined
    : 'priority';
}

/** RFC 8224 8.4, RFC 5922 7.2. Which numbers a certificate may sign (RFC 8226 9) is left to the authorities trusted. */
function speaksFor(certificate: SigningCertificate, originator: Party, claims: Claims | undefined): boolean {
  const byNumber = claims ? claims.orig.tn !== undefined : originator.tn !== undefined;
  if (byNumber || originator.host === undefined) return true;
  return certificate.domains.has(originator.host.toLowerCase());
}

function isSigned(
  passport: Passport,
  certificate: SigningCertificate,
  request: SipMessage,
  originator: Party,
  iat: number,
): boolean {
  const key = { key: certificate.leaf.publicKey, dsaEncoding: 'ieee-p1363' } as const;
  const inputs = passport.full
    ? [`${passport.full.header}.${passport.full.payload}`]
    : compactInputs(passport, request, originator, iat);
  try {
    return inputs.some((input) => verify('sha256', Buffer.from(input, 'latin1'), key, passport.signature));
  } catch {
    return false;
  }
}

/** RFC 8225 7, 9: what a compact form stands for, keys in order and no blanks; once for each way to name who is called. */
function compactInputs(passport: Passport, request: SipMessage, originator: Party, iat: number): string[] {
  const { alg, ppt, x5u } = passport;
  // Of these the claims are not in the request. RFC 8443 3, RFC 9027 6
  if (ppt !== undefined) return [];
  const header = encoded({ alg, typ: 'passport', x5u });
  const orig = originator.tn === undefined ? { uri: originator.uri } : { tn: originator.tn };
  return destinationsOf(request).map(({ tn, uri }) => {
    const dest = tn === undefined ? { uri: [uri] } : { tn: [tn] };
    return `${header}.${encoded({ dest, iat, orig })}`;
  });
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
