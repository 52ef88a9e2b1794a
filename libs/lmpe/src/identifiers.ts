import type { IdSource } from '@esinet/kernel';
import { type IdentifierName, identifierRegistry, maxIdentifierLength, uniquePart } from './registry.js';

/** What the Call-Info values of one message say (TS 103 698 6.1.2.7, 6.1.2.11). */
export interface LmpeIdentifiers {
  /** The full URN, as sent: the key of a chat. */
  readonly callId?: string;
  /** 1 and up, as far as an integer is exact. */
  readonly messageId?: number;
  /** 16 bit. */
  readonly messageType?: number;
  readonly did?: string;
  /** NENA i3 shape. */
  readonly incidentId?: string;
  /** What was odd about them, in words that hold nothing of the message. Never a reason to refuse it. */
  readonly problems: readonly string[];
}

interface CallInfo {
  readonly uri: string;
  readonly purposes: readonly string[];
}

interface Found {
  readonly uri: string;
  readonly tolerated: boolean;
}

/**
 * Reads the identifiers from Call-Info values (one URI with its parameters each). Takes every form of the text and of
 * the examples, with `purpose` anywhere among the parameters; never throws.
 */
export function readIdentifiers(callInfoValues: readonly string[]): LmpeIdentifiers {
  const problems: string[] = [];
  const found = new Map<IdentifierName, Found>();
  for (const value of callInfoValues) {
    const info = readCallInfo(value);
    if (!info) continue;
    for (const purpose of info.purposes) note(found, problems, purpose, info.uri);
  }
  const callId = readCallId(found.get('callId')?.uri, problems);
  const messageId = readNumber('messageId', found.get('messageId')?.uri, Number.MAX_SAFE_INTEGER, problems);
  const messageType = readNumber('messageType', found.get('messageType')?.uri, 0xffff, problems);
  if (messageId === 0) problems.push('messageId: starts at 1');
  const did = readOpaque('did', found.get('did')?.uri, problems);
  const incidentId = readOpaque('incidentId', found.get('incidentId')?.uri, problems);
  const read: { -readonly [K in keyof LmpeIdentifiers]: LmpeIdentifiers[K] } = { problems };
  if (callId !== undefined) read.callId = callId;
  if (messageId !== undefined) read.messageId = messageId;
  if (messageType !== undefined) read.messageType = messageType;
  if (did !== undefined) read.did = did;
  if (incidentId !== undefined) read.incidentId = incidentId;
  return read;
}

/** The three Call-Info values of a message (two without `messageId`), purpose first, in the form of the examples. */
export function writeCallInfo(o: {
  readonly callId: string;
  readonly messageId?: number;
  readonly messageType: number;
  readonly element: string;
}): string[] {
  const { callId, messageId, messageType } = identifierRegistry;
  const values = [`<${o.callId}>;purpose=${callId.emitted.purpose}`];
  if (o.messageId !== undefined) {
    values.push(
      `<${messageId.emitted.prefix}${o.messageId}:${o.element}>;purpose=${messageId.emitted.purpose}`,
    );
  }
  values.push(
    `<${messageType.emitted.prefix}${o.messageType}:${o.element}>;purpose=${messageType.emitted.purpose}`,
  );
  return values;
}

/** A Call Identifier nobody can guess, `element` being the name of the element that makes it. */
export function newCallId(ids: IdSource, element: string): string {
  return `${identifierRegistry.callId.emitted.prefix}${ids.token(uniquePart.emitted)}:${element}`;
}

/** NENA i3 shape. */
export function newIncidentId(ids: IdSource, element: string): string {
  return `${identifierRegistry.incidentId.emitted.prefix}${ids.token(uniquePart.emitted)}:${element}`;
}

function note(found: Map<IdentifierName, Found>, problems: string[], purpose: string, uri: string): void {
  const named = purposes.get(purpose);
  if (!named) return;
  const before = found.get(named.name);
  if (!before) found.set(named.name, { uri, tolerated: named.tolerated });
  else if (before.uri === uri) return;
  else if (before.tolerated && !named.tolerated) found.set(named.name, { uri, tolerated: false });
  else if (before.tolerated === named.tolerated) problems.push(`${named.name}: given twice, first one taken`);
}

/** What each purpose, in lower case, names. */
const purposes = new Map<string, { readonly name: IdentifierName; readonly tolerated: boolean }>();
for (const name of Object.keys(identifierRegistry) as IdentifierName[]) {
  const { accepted } = identifierRegistry[name];
  for (const purpose of accepted.purposes) purposes.set(purpose, { name, tolerated: false });
  for (const purpose of accepted.tolerated) purposes.set(purpose, { name, tolerated: true });
}

function readCallId(uri: string | undefined, problems: string[]): string | undefined {
  const callId = readOpaque('callId', uri, problems);
  if (callId === undefined) return undefined;
  const rest = afterPrefix('callId', callId);
  if (rest === undefined) {
    problems.push('callId: unknown prefix');
    return callId;
  }
  const colon = rest.indexOf(':');
  const unique = colon < 0 ? rest : rest.slice(0, colon);
  if (unique === '') {
    problems.push('callId: empty');
    return undefined;
  }
  if (colon < 0 || colon === rest.length - 1) problems.push('callId: no element');
  if (unique.length < uniquePart.min) problems.push('callId: unique part too short');
  if (unique.length > uniquePart.max) problems.push('callId: unique part too long');
  return callId;
}

function readNumber(
  name: 'messageId' | 'messageType',
  uri: string | undefined,
  max: number,
  problems: string[],
): number | undefined {
  const urn = readOpaque(name, uri, problems);
  if (urn === undefined) return undefined;
  let rest = afterPrefix(name, urn);
  if (rest === undefined) {
    problems.push(`${name}: unknown prefix`);
    return undefined;
  }
  const colon = rest.indexOf(':');
  if (colon >= 0) rest = rest.slice(0, colon);
  const value = /^[0-9]{1,16}$/.test(rest) ? Number(rest) : Number.NaN;
  if (value <= max) return value;
  problems.push(`${name}: not a number of the range`);
  return undefined;
}

function readOpaque(name: IdentifierName, uri: string | undefined, problems: string[]): string | undefined {
  if (uri === undefined) return undefined;
  if (uri.length > maxIdentifierLength) problems.push(`${name}: too long`);
  else if (uri === '' || !isVisibleAscii(uri)) problems.push(`${name}: not a URI`);
  else return uri;
  return undefined;
}

function afterPrefix(name: IdentifierName, urn: string): string | undefined {
  for (const prefix of identifierRegistry[name].accepted.prefixes) {
    if (urn.slice(0, prefix.length).toLowerCase() === prefix) return urn.slice(prefix.length);
  }
  return undefined;
}

function isVisibleAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code <= 0x20 || code >= 0x7f) return false;
  }
  return true;
}

/** RFC 3261 20.9: `<uri>;params`, or a bare URI up to the first semicolon. */
function readCallInfo(value: string): CallInfo | undefined {
  const open = value.indexOf('<');
  let uri: string;
  let rest: string;
  if (open >= 0) {
    const close = value.indexOf('>', open);
    if (close < 0) return undefined;
    uri = value.slice(open + 1, close).trim();
    rest = value.slice(close + 1);
  } else {
    const semicolon = value.indexOf(';');
    if (semicolon < 0) return undefined;
    uri = value.slice(0, semicolon).trim();
    rest = value.slice(semicolon);
  }
  const named: string[] = [];
  let equals = -1;
  for (let start = 0; start <= rest.length;) {
    if (equals < start) equals = rest.indexOf('=', start);
    if (equals < 0) break;
    const semicolon = rest.indexOf(';', start);
    const end = semicolon < 0 ? rest.length : semicolon;
    if (equals < end && isPurpose(rest, start, equals)) {
      named.push(unquote(rest.slice(equals + 1, end).trim()).toLowerCase());
    }
    start = end + 1;
  }
  return { uri, purposes: named };
}

function isPurpose(text: string, start: number, end: number): boolean {
  return text.slice(start, end).trim().toLowerCase() === 'purpose';
}

function unquote(text: string): string {
  return text.length >= 2 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text;
}
