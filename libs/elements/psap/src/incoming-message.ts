import { createHash } from 'node:crypto';
import { type PidfLo, readPidfLo } from '@esinet/location';
import { type LmpeIdentifiers, isEmergencyService, readIdentifiers } from '@esinet/lmpe';
import type { Limits } from '@esinet/platform';
import { type BodyPart, type SipMessage, parseNameAddr, parseUri, readBodyParts } from '@esinet/sip';

/** Location as it came with a message (RFC 6442). */
export interface IncomingLocation {
  /** The presence document, by value. */
  readonly document?: string;
  readonly pidfLo?: PidfLo;
  /** Where the location can be asked for. */
  readonly references: readonly string[];
}

/** A MESSAGE as a PSAP takes it in. Holds copies only, nothing of the transport's buffers. */
export interface IncomingMessage {
  readonly identifiers: LmpeIdentifiers;
  /** URI of the From header, '' if it cannot be read. */
  readonly sender: string;
  /** Where answers go: P-Asserted-Identity, else From (TS 103 698 6.2.3). */
  readonly caller: string | undefined;
  readonly replyTo: string | undefined;
  readonly text: string | undefined;
  readonly textBytes: number;
  readonly location: IncomingLocation;
  /** Neither chat text nor location: kept as they are in `raw`. */
  readonly others: readonly {
    readonly contentType: string;
    readonly contentId?: string;
    readonly bytes: number;
  }[];
  /** Digest of types and octets of `others`, locations apart; absent where there are none. Copies have the same. */
  readonly content?: string;
  /** Service asked for, if the Request-URI or To says so; without the mark of a test. */
  readonly service: string | undefined;
  /** The same, as the caller wrote it. */
  readonly asked?: string;
  readonly test: boolean;
  readonly requestUri: string;
  /** SIP Call-ID and CSeq: what tells a message without a Message Identifier from another. */
  readonly reference: string;
  readonly problems: readonly string[];
  /** Why it came here instead of where it was meant to go: Reason (RFC 3326) and History-Info (RFC 7044, RFC 4244). */
  readonly reasons: readonly string[];
  readonly history: readonly string[];
  /** The whole request, octet by octet. */
  readonly raw: Buffer;
}

/** Reads what a PSAP needs; whatever is odd becomes a problem of the message and never a reason to refuse it. */
export function readIncoming(request: SipMessage, limits?: Pick<Limits, 'body' | 'xml'>): IncomingMessage {
  const problems: string[] = [];
  const identifiers = readIdentifiers(request.values('Call-Info'));
  problems.push(...identifiers.problems);
  if (identifiers.callId === undefined) problems.push('no call identifier');
  if (identifiers.messageType === undefined) problems.push('no message type');
  const sender = addressOf(request.header('From'));
  if (sender === undefined) problems.push('from cannot be read');
  const parts = readBodyParts(request, limits?.body);
  const texts = parts.filter(isText);
  const { location, used } = locationOf(request.values('Geolocation'), parts, problems, limits);
  const others = parts.filter((part) => !isText(part) && part !== used && part.body.length > 0);
  const content = contentOf(others);
  // A next hop may have been told to rewrite the Request-URI; To stays as the caller wrote it.
  const asked = [request.requestUri, request.to?.uri ?? ''].find((uri) => isEmergencyService(uri));
  const service = asked === undefined ? undefined : isEmergencyService(asked);
  return {
    identifiers,
    sender: sender ?? '',
    caller: assertedIdentity(request.values('P-Asserted-Identity')) ?? sender,
    replyTo: addressOf(request.header('Reply-To')),
    text: texts.length === 0 ? undefined : texts.map((part) => textOf(part)).join('\n'),
    textBytes: texts.reduce((sum, part) => sum + part.body.length, 0),
    location,
    others: others.map((part) => ({
      contentType: typeOf(part),
      ...(part.contentId !== undefined && { contentId: part.contentId }),
      bytes: part.body.length,
    })),
    ...(content !== undefined && { content }),
    service: service?.urn,
    ...(asked !== undefined && { asked }),
    test: service?.test ?? false,
    requestUri: request.requestUri,
    reference: createHash('sha256')
      .update(`${request.callId ?? ''}\n${request.header('CSeq') ?? ''}`)
      .digest('base64url')
      .slice(0, 22),
    problems,
    reasons: request.values('Reason'),
    history: request.values('History-Info'),
    raw: Buffer.from(request.bytes),
  };
}

function typeOf(part: BodyPart): string {
  return part.contentType ? `${part.contentType.type}/${part.contentType.subtype}` : 'unknown';
}

/** A Content-ID and the time of a location may be others in each copy of a message; attachments are not. */
function contentOf(parts: readonly BodyPart[]): string | undefined {
  const attached = parts.filter((part) => !isPidf(part));
  if (attached.length === 0) return undefined;
  const hash = createHash('sha256');
  for (const part of attached) hash.update(`${typeOf(part)} ${part.body.length}\n`).update(part.body);
  return hash.digest('base64url').slice(0, 22);
}

/** A chat text is `text/plain` in UTF-8 (6.1.2.8); a body without a type is taken for one (RFC 2046 5.2). */
function isText(part: BodyPart): boolean {
  if (part.contentType === undefined) return part.body.length > 0;
  return part.contentType.type.toLowerCase() === 'text' && part.contentType.subtype.toLowerCase() === 'plain';
}

function textOf(part: BodyPart): string {
  const charset = part.contentType?.params.get('charset')?.toLowerCase();
  return part.body.toString(charset === 'iso-8859-1' || charset === 'latin1' ? 'latin1' : 'utf8');
}

function locationOf(
  geolocation: readonly string[],
  parts: readonly BodyPart[],
  problems: string[],
  limits?: Pick<Limits, 'xml'>,
): { location: IncomingLocation; used: BodyPart | undefined } {
  const references: string[] = [];
  let wanted: string | undefined;
  for (const value of geolocation) {
    const uri = addressOf(value);
    const scheme = uri?.slice(0, uri.indexOf(':')).toLowerCase();
    if (uri === undefined) problems.push('geolocation cannot be read');
    else if (scheme === 'cid') wanted ??= decoded(uri.slice(4));
    else if (scheme === 'http' || scheme === 'https') references.push(uri);
  }
  const documents = parts.filter(isPidf);
  const named = wanted === undefined ? undefined : documents.find((part) => part.contentId === wanted);
  const used = named ?? documents[0];
  if (wanted !== undefined && !named) problems.push('geolocation names no part of the body');
  if (!used) return { location: { references }, used };
  const read = readPidfLo(used.body, limits?.xml);
  if (!read.ok) problems.push(`location: ${read.error.code}`);
  return {
    location: { document: used.body.toString('utf8'), references, ...(read.ok && { pidfLo: read.value }) },
    used,
  };
}

function isPidf(part: BodyPart): boolean {
  return (
    part.contentType?.type.toLowerCase() === 'application' &&
    part.contentType.subtype.toLowerCase() === 'pidf+xml'
  );
}

/** RFC 3325 9.1: at most a SIP and a tel URI; a MESSAGE can go to the first only. */
function assertedIdentity(values: readonly string[]): string | undefined {
  for (const value of values) {
    const uri = addressOf(value);
    const scheme = uri?.slice(0, uri.indexOf(':')).toLowerCase();
    if (scheme === 'sip' || scheme === 'sips') return uri;
  }
  return undefined;
}

/** The URI of a name-addr without what only a header may hold (RFC 3261 19.1.5). */
function addressOf(value: string | undefined): string | undefined {
  const text = value === undefined ? undefined : parseNameAddr(value)?.uri;
  if (text === undefined) return undefined;
  const uri = parseUri(text);
  if (uri?.headers === undefined) return text;
  return text.slice(0, text.indexOf('?'));
}

/** RFC 2392: a cid URL is the percent-encoded Content-ID. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
