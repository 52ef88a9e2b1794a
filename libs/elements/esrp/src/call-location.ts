import type { Clock } from '@esinet/kernel';
import type { HeldClient } from '@esinet/held';
import { type PidfLo, readPidfLo } from '@esinet/location';
import type { Limits } from '@esinet/platform';
import { type BodyPart, type SipMessage, parseNameAddr, readBodyParts } from '@esinet/sip';
import type { Failure } from './policy.js';
import { within } from './within.js';

/** The location a call is routed by, and where it was found. */
export type CallLocation =
  | { readonly how: 'value' | 'body' | 'reference' | 'lis'; readonly pidfLo: PidfLo }
  | { readonly how: 'none'; readonly failure: Failure };

/** RFC 6442 4.1 sets no limit; a call is not held up by reading many. */
const maxLocationValues = 8;

const none = (cause: number, text: string): CallLocation => ({ how: 'none', failure: { cause, text } });

/**
 * Finds the location to route by (RFC 6442 4): what a `cid:` of Geolocation names first, because it is at hand; then a
 * PIDF-LO in the body that no Geolocation names; then what a location URI leads to (RFC 6753). A message without any
 * location that can be used is routed by what the LIS knows of its caller (TS 103 698 5.2.2, HELD-1). `Geolocation-Routing`
 * absent counts as "no" to RFC 6442, which nobody who calls for help means: only an explicit one is honoured.
 */
export async function callLocation(
  request: SipMessage,
  o: {
    readonly held: HeldClient;
    readonly clock: Clock;
    readonly heldMs: number;
    readonly routingNo: 'honour' | 'override';
    readonly limits?: Pick<Limits, 'body' | 'xml'>;
  },
): Promise<CallLocation> {
  const permission = request.header('Geolocation-Routing');
  if (permission !== undefined && permission.trim().toLowerCase() !== 'yes' && o.routingNo === 'honour') {
    return none(424, 'location: not to be used for routing');
  }
  const uris = request.values('Geolocation').slice(0, maxLocationValues).map(locationUri);
  const parts = readBodyParts(request, o.limits?.body);
  let failure: CallLocation | undefined;
  for (const uri of uris) {
    if (!isScheme(uri, 'cid')) continue;
    const part = partNamed(parts, uri.slice(4));
    const read = part && readUsable(part.body, o.limits);
    if (read) return { how: 'value', pidfLo: read };
    failure ??= none(424, part ? 'location: unreadable' : 'location: body part missing');
  }
  for (const part of parts) {
    if (!isPidfLo(part)) continue;
    const read = readUsable(part.body, o.limits);
    if (read) return { how: 'body', pidfLo: read };
    failure ??= none(424, 'location: unreadable');
  }
  const references = uris.filter((uri) => isScheme(uri, 'http') || isScheme(uri, 'https'));
  if (references.length > 0) return dereferenced(references, o);
  if (uris.some((uri) => !isScheme(uri, 'cid'))) failure ??= none(424, 'location: scheme not supported');
  return (await askedOfLis(request, o)) ?? failure ?? none(404, 'location: none');
}

/**
 * RFC 6155: the location of the caller by the identity that was asserted. Never by From: by the centre that answers, a
 * stranger could find out where somebody else is.
 */
async function askedOfLis(
  request: SipMessage,
  o: {
    readonly held: HeldClient;
    readonly clock: Clock;
    readonly heldMs: number;
    readonly limits?: Pick<Limits, 'xml'>;
  },
): Promise<CallLocation | undefined> {
  const caller = request
    .values('P-Asserted-Identity')
    .map((value) => parseNameAddr(value)?.uri ?? '')
    .find((uri) => isScheme(uri, 'sip') || isScheme(uri, 'sips'));
  if (caller === undefined) return undefined;
  try {
    const answer = await within(o.clock, o.heldMs, (signal) =>
      o.held.request(
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
    const pidfLo = readUsable(Buffer.from(answer.value.pidfLo), o.limits);
    return pidfLo && { how: 'lis', pidfLo };
  } catch {
    return undefined;
  }
}

async function dereferenced(
  references: readonly string[],
  o: { readonly held: HeldClient; readonly clock: Clock; readonly heldMs: number },
): Promise<CallLocation> {
  const until = o.clock.now() + o.heldMs;
  let failure = none(504, 'location: reference timed out');
  for (const uri of references) {
    const left = until - o.clock.now();
    if (left <= 0) break;
    try {
      const answer = await within(o.clock, left, (signal) =>
        o.held.dereference(uri, { responseTime: 'emergencyRouting', signal }),
      );
      if (answer === 'timeout') return none(504, 'location: reference timed out');
      if (answer.ok && isUsable(answer.value)) return { how: 'reference', pidfLo: answer.value };
      failure = answer.ok ? none(424, 'location: unreadable') : none(424, 'location: reference failed');
    } catch {
      failure = none(424, 'location: reference failed');
    }
  }
  return failure;
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
