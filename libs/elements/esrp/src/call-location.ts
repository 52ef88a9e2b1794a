import type { Clock } from '@esinet/kernel';
import type { HeldClient } from '@esinet/held';
import { type PidfLo, readPidfLo } from '@esinet/location';
import type { Limits } from '@esinet/platform';
import { type BodyPart, type SipMessage, parseNameAddr, readBodyParts } from '@esinet/sip';
import type { GeolocationErrorCode } from './geolocation-error.js';
import type { Failure } from './policy.js';
import { within } from './within.js';

/** A location that a call can be routed by, and where it was found. */
export interface FoundLocation {
  readonly how: 'value' | 'body' | 'reference' | 'lis';
  readonly pidfLo: PidfLo;
}

/** Why there is none, and what RFC 6442 4.4 calls it where the caller sent one. */
export interface LocationFailure extends Failure {
  readonly geolocationError: GeolocationErrorCode;
}

/** What the message itself says about where its caller is. */
export interface GivenLocations {
  /** In the order in which they are tried: what a Geolocation names, then what none names. */
  readonly values: readonly FoundLocation[];
  /** Location URIs that can be fetched, in their order. */
  readonly references: readonly string[];
  /** What was wrong with the first that could not be used. */
  readonly failure?: LocationFailure;
  /** `Geolocation-Routing: no`, and it is honoured: nothing of it may be looked at. */
  readonly forbidden: boolean;
}

export interface LocationPorts {
  readonly held: HeldClient;
  readonly clock: Clock;
  readonly limits?: Pick<Limits, 'body' | 'xml'>;
}

/** RFC 6442 4.1 sets no limit; a call is not held up by reading many. */
const maxLocationValues = 8;

const wrong = (text: string, geolocationError: GeolocationErrorCode = 100, cause = 424): LocationFailure => ({
  cause,
  text: `location: ${text}`,
  geolocationError,
});

/**
 * The locations a message brings (RFC 6442 4): every `cid:` of Geolocation first, because it is at hand; then every
 * PIDF-LO in the body that no Geolocation names; location URIs apart, to be fetched where no value leads anywhere.
 * `Geolocation-Routing` absent counts as "no" to RFC 6442, which nobody who calls for help means: only an explicit one
 * is honoured.
 */
export function givenLocations(
  request: SipMessage,
  o: { readonly routingNo: 'honour' | 'override'; readonly limits?: Pick<Limits, 'body' | 'xml'> },
): GivenLocations {
  const permission = request.header('Geolocation-Routing');
  if (permission !== undefined && permission.trim().toLowerCase() !== 'yes' && o.routingNo === 'honour') {
    return {
      values: [],
      references: [],
      failure: wrong('not to be used for routing', 202),
      forbidden: true,
    };
  }
  const uris = request.values('Geolocation').slice(0, maxLocationValues).map(locationUri);
  const parts = readBodyParts(request, o.limits?.body);
  const seen = new Set<BodyPart>();
  const values: FoundLocation[] = [];
  let failure: LocationFailure | undefined;
  const take = (how: 'value' | 'body', part: BodyPart): void => {
    if (seen.has(part)) return;
    seen.add(part);
    const pidfLo = readUsable(part.body, o.limits);
    if (pidfLo) values.push({ how, pidfLo });
    else failure ??= wrong('unreadable');
  };
  for (const uri of uris) {
    if (!isScheme(uri, 'cid')) continue;
    const part = partNamed(parts, uri.slice(4));
    if (part) take('value', part);
    else failure ??= wrong('body part missing');
  }
  let unnamed = 0;
  for (const part of parts) {
    if (isPidfLo(part) && unnamed++ < maxLocationValues) take('body', part);
  }
  const references = uris.filter((uri) => isScheme(uri, 'http') || isScheme(uri, 'https'));
  if (references.length === 0 && uris.some((uri) => !isScheme(uri, 'cid'))) {
    failure ??= wrong('scheme not supported', 300);
  }
  return { values, references, ...(failure && { failure }), forbidden: false };
}

/** What the first location URI that leads anywhere leads to (RFC 6753), within `ms` for all of them. */
export async function dereferenced(
  references: readonly string[],
  ms: number,
  { held, clock }: LocationPorts,
): Promise<FoundLocation | LocationFailure> {
  const until = clock.now() + ms;
  const late = wrong('reference timed out', 300, 504);
  let failure = late;
  for (const uri of references) {
    const left = until - clock.now();
    if (left <= 0) break;
    try {
      const answer = await within(clock, left, (signal) =>
        held.dereference(uri, { responseTime: 'emergencyRouting', signal }),
      );
      if (answer === 'timeout') return late;
      if (answer.ok && isUsable(answer.value)) return { how: 'reference', pidfLo: answer.value };
      failure = answer.ok ? wrong('unreadable', 300) : wrong('reference failed', 300);
    } catch {
      failure = wrong('reference failed', 300);
    }
  }
  return failure;
}

/**
 * RFC 6155: the location of the caller by the identity that was asserted (TS 103 698 5.2.2, HELD-1). Never by From: by
 * the centre that answers, a stranger could find out where somebody else is.
 */
export async function askedOfLis(
  request: SipMessage,
  ms: number,
  { held, clock, limits }: LocationPorts,
): Promise<FoundLocation | undefined> {
  const caller = request
    .values('P-Asserted-Identity')
    .map((value) => parseNameAddr(value)?.uri ?? '')
    .find((uri) => isScheme(uri, 'sip') || isScheme(uri, 'sips'));
  if (caller === undefined) return undefined;
  try {
    const answer = await within(clock, ms, (signal) =>
      held.request(
        {
          type: 'locationRequest',
          responseTime: 'emergencyRouting',
          locationTypes: ['geodetic', 'civic'],
          exact: false,
          device: [{ kind: 'uri', value: caller }],
        },
        { signal },
      ),
    );
    if (answer === 'timeout' || !answer.ok || answer.value.pidfLo === undefined) return undefined;
    const pidfLo = readUsable(Buffer.from(answer.value.pidfLo), limits);
    return pidfLo && { how: 'lis', pidfLo };
  } catch {
    return undefined;
  }
}

function readUsable(body: Buffer, limits?: Pick<Limits, 'xml'>): PidfLo | undefined {
  const read = readPidfLo(body, limits?.xml);
  return read.ok && isUsable(read.value) ? read.value : undefined;
}

function isUsable(pidfLo: PidfLo): boolean {
  return pidfLo.shapes.length > 0 || pidfLo.civics.length > 0;
}

function isPidfLo(part: BodyPart): boolean {
  return (
    part.contentType?.type.toLowerCase() === 'application' &&
    part.contentType.subtype.toLowerCase() === 'pidf+xml'
  );
}

function partNamed(parts: readonly BodyPart[], encoded: string): BodyPart | undefined {
  const name = decoded(encoded);
  return (
    parts.find((part) => part.contentId === name) ??
    parts.find((part) => part.contentId?.toLowerCase() === name.toLowerCase())
  );
}

/** RFC 2392 2: the Content-ID percent-encoded. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** RFC 6442 4.1 wants angle brackets and allows parameters after them; senders forget the former. */
function locationUri(value: string): string {
  const open = value.indexOf('<');
  if (open < 0) {
    const semicolon = value.indexOf(';');
    return (semicolon < 0 ? value : value.slice(0, semicolon)).trim();
  }
  const close = value.indexOf('>', open);
  return value.slice(open + 1, close < 0 ? value.length : close).trim();
}

function isScheme(uri: string, scheme: string): boolean {
  return uri.slice(0, scheme.length + 1).toLowerCase() === `${scheme}:`;
}
