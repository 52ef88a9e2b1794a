import { createHash } from 'node:crypto';
import type { PidfLo } from '@esinet/location';
import {
  type LmpeIdentifiers,
  isEmergencyService,
  isKeepAlive,
  messageKind,
  readIdentifiers,
} from '@esinet/lmpe';
import type { Limits } from '@esinet/platform';
import { type BodyPart, type SipMessage, parseNameAddr, parseUri, readEmergencySource } from '@esinet/sip';
import type { DataBlock } from './reading/additional-data.js';
import type { AlertError } from './reading/alert.js';
import { messageParts } from './reading/body-parts.js';
import { readChatText, typeOf } from './reading/chat-text.js';
import { type DataReference, readData } from './reading/message-data.js';
import { readLanguages } from './reading/languages.js';
import { type ValueLocation, isPidf, readLocations } from './reading/locations.js';
import { clipped } from './reading/short-text.js';

/** Location as it came with a message (RFC 6442). */
export interface IncomingLocation {
  /** The presence document that counts first, by value. */
  readonly document?: string;
  readonly pidfLo?: PidfLo;
  /** Where the location can be asked for. */
  readonly references: readonly string[];
}

/** A body part that is neither the chat text nor the location that counts. */
export interface OtherPart {
  /** Its number among all parts of the message, from 0, those of nested multiparts in line: names it in REST. */
  readonly part: number;
  readonly contentType: string;
  readonly contentId?: string;
  /** As the sender suggests (Content-Disposition, RFC 2183 2.3). */
  readonly filename?: string;
  readonly bytes: number;
}

/** A CAP alert that came with a message (RFC 8876). */
export interface IncomingAlert {
  /** Absent where the alert is to be fetched. */
  readonly identity?: string;
  readonly error?: AlertError;
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
  /** All locations by value, that of `location` first. */
  readonly locations: readonly ValueLocation[];
  readonly others: readonly OtherPart[];
  /** Digest of types and octets of `others`, locations apart; absent where there are none. Copies have the same. */
  readonly content?: string;
  /** Additional data by value (RFC 7852) and where more of it can be fetched. */
  readonly data: readonly DataBlock[];
  readonly dataReferences: readonly DataReference[];
  readonly alert?: IncomingAlert;
  /** As the caller writes and would like to read, the best first (RFC 5646). */
  readonly languages: readonly string[];
  /** P-Access-Network-Info (RFC 7315 5.4), as it came. */
  readonly accessNetwork?: string;
  /** What the border calls the source of it (NENA i3 shape: `purpose=emergency-source`). */
  readonly source?: string;
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
  else if (identifiers.messageId === undefined && !isKeepAlive(messageKind(identifiers.messageType))) {
    problems.push('no message identifier');
  }
  const sender = addressOf(request.header('From'));
  if (sender === undefined) problems.push('from cannot be read');
  const { parts, problem } = messageParts(request, limits);
  if (problem !== undefined) problems.push(problem);
  const chat = readChatText(parts);
  problems.push(...chat.problems);
  const { values, references, used } = readLocations(request.values('Geolocation'), parts, problems, limits);
  const others = parts.filter((part) => !chat.parts.includes(part) && part !== used && part.body.length > 0);
  for (const part of others) {
    if (part.encodingProblem) problems.push(`part: transfer encoding ${part.encodingProblem}`);
  }
  const content = contentOf(others);
  const {
    data,
    references: dataReferences,
    alert,
  } = readData(request.values('Call-Info'), parts, values, problems, limits);
  // A next hop may have been told to rewrite the Request-URI; To stays as the caller wrote it.
  const asked = [request.requestUri, request.to?.uri ?? ''].find((uri) => isEmergencyService(uri));
  const service = asked === undefined ? undefined : isEmergencyService(asked);
  const accessNetwork = clipped(request.values('P-Access-Network-Info').join(', '));
  const source = readEmergencySource(request)?.id;
  const first = values[0];
  return {
    identifiers,
    sender: sender ?? '',
    caller: assertedIdentity(request.values('P-Asserted-Identity')) ?? sender,
    replyTo: addressOf(request.header('Reply-To')),
    text: chat.text,
    textBytes: chat.bytes,
    location: {
      references,
      ...(first && { document: first.document }),
      ...(first?.pidfLo && { pidfLo: first.pidfLo }),
    },
    locations: values,
    others: others.map((part) => otherPart(part, parts.indexOf(part))),
    ...(content !== undefined && { content }),
    data,
    dataReferences,
    ...(alert && { alert }),
    languages: readLanguages(request.values('Content-Language'), request.values('Accept-Language')),
    ...(accessNetwork !== '' && { accessNetwork }),
    ...(source !== undefined && { source }),
    service: service?.urn,
    ...(asked !== undefined && { asked }),
    test: service?.test ?? false,
    requestUri: request.requestUri,
    reference: createHash('sha256')
      .update(`${request.callId ?? ''}\n${request.header('CSeq') ?? ''}`)
      .digest('base64url')
      .slice(0, 22),
    problems: [...new Set(problems)],
    reasons: request.values('Reason'),
    history: request.values('History-Info'),
    raw: Buffer.from(request.bytes),
  };
}

function otherPart(part: BodyPart, number: number): OtherPart {
  const filename = filenameOf(part);
  return {
    part: number,
    contentType: typeOf(part),
    ...(part.contentId !== undefined && { contentId: clipped(part.contentId) }),
    ...(filename !== '' && { filename }),
    bytes: part.body.length,
  };
}

function filenameOf(part: BodyPart): string {
  const disposition = parseDisposition(part.headers.get('content-disposition') ?? '');
  return clipped(disposition ?? part.contentType?.params.get('name') ?? '');
}

/** RFC 2183 2: a type and parameters, read as those of a name-addr. */
function parseDisposition(value: string): string | undefined {
  const semicolon = value.indexOf(';');
  if (semicolon < 0) return undefined;
  return parseNameAddr(`<cid:x>${value.slice(semicolon)}`)?.params.get('filename');
}

/** A Content-ID and the time of a location may be others in each copy of a message; attachments are not. */
function contentOf(parts: readonly BodyPart[]): string | undefined {
  const attached = parts.filter((part) => !isPidf(part));
  if (attached.length === 0) return undefined;
  const hash = createHash('sha256');
  for (const part of attached) hash.update(`${typeOf(part)} ${part.body.length}\n`).update(part.body);
  return hash.digest('base64url').slice(0, 22);
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
