import { isoTime } from '@esinet/kernel';
import { identifierRegistry, messageKind, writeCallInfo } from '@esinet/lmpe';
import { writePidfLo } from '@esinet/location';
import type { AdditionalData } from './additional-data.js';
import type { AppPart, AppRequest } from './app-link.js';
import type { FurtherLocation, Place } from './place.js';

/** How long others may keep a location: RFC 4119 2.2.2, the default of 24 hours. */
export const retentionMs = 24 * 3_600_000;

/** What goes along with a text, byte for byte: an image, a vCard, an eCall MSD, a reading (TS 103 698 6.1.2.8). */
export interface Attachment {
  readonly contentType: string;
  /** File name, for the one who reads it. */
  readonly name?: string;
  readonly body: string | Uint8Array;
}

/** Where the person is, as far as the APP knows. */
export interface AppLocation {
  readonly at?: Place;
  /** In order of preference, after `at`. */
  readonly further?: readonly FurtherLocation[];
}

/** What the start of a chat says beside its text. */
export interface Introduction {
  /** Decentralised Identifier, `did:…` (TS 103 698 6.1.2.11). */
  readonly did?: string;
  /** BCP 47 tags, best first. */
  readonly languages?: readonly string[];
  readonly additionalData?: readonly AdditionalData[];
}

type Header = readonly [string, string];

/**
 * The MESSAGE of an APP (TS 103 698 6.1.2.7, 6.2.2): identifiers, text, location by value as a part of the body and by
 * reference in the Geolocation header (RFC 6442), attachments. The starts (257, 273) carry the introduction too.
 */
export function appRequest(o: {
  readonly callId: string;
  readonly from: string;
  readonly element: string;
  readonly message: {
    readonly to: string;
    readonly messageType: number;
    readonly messageId?: number;
    readonly text?: string;
  };
  readonly location?: AppLocation;
  readonly introduction?: Introduction;
  readonly attachments?: readonly Attachment[];
  readonly historyInfo?: string;
  /** Milliseconds since 1970, when the place was known. */
  readonly now: number;
}): AppRequest {
  const { message, element } = o;
  const kind = messageKind(message.messageType);
  const introduction =
    kind === 'start' || kind === 'start-redirect' ? introductionOf(o.introduction ?? {}, element) : nothing;
  const location = locationOf(o.location ?? {}, o.from, element, o.now);
  const identifiers = writeCallInfo({
    callId: o.callId,
    messageType: message.messageType,
    element,
    ...(message.messageId !== undefined && { messageId: message.messageId }),
  });
  return {
    uri: message.to,
    from: o.from,
    headers: [
      ...identifiers.map((value): Header => ['Call-Info', value]),
      ...introduction.headers,
      ...location.headers,
      // TS 103 698 6.2.7, RFC 7044 5
      ...(o.historyInfo === undefined ? [] : [['History-Info', `<${o.historyInfo}>;index=1`] as const]),
    ],
    parts: [
      ...textOf(message.text),
      ...location.parts,
      ...introduction.parts,
      ...(o.attachments ?? []).map(attached),
    ],
  };
}

interface Piece {
  readonly headers: readonly Header[];
  readonly parts: readonly AppPart[];
}

const nothing: Piece = { headers: [], parts: [] };

function textOf(text: string | undefined): AppPart[] {
  if (text === undefined || text === '') return [];
  return [{ contentType: 'text/plain; charset=utf-8', body: text }];
}

/** RFC 6442 4: the values in order of preference, those by value first: a router reads them without asking anybody. */
export function locationOf(location: AppLocation, from: string, element: string, now: number): Piece {
  const documents: string[] = [];
  const uris: string[] = [];
  if (location.at) documents.push(pidfLo(from, location.at, now));
  for (const further of location.further ?? []) {
    if ('pidfLo' in further) documents.push(further.pidfLo);
    else uris.push(further.uri);
  }
  if (documents.length + uris.length === 0) return nothing;
  const ids = documents.map((_, i) => `location${i === 0 ? '' : `-${i + 1}`}@${element}`);
  return {
    headers: [
      ...ids.map((id): Header => ['Geolocation', `<cid:${id}>`]),
      ...uris.map((uri): Header => ['Geolocation', `<${uri}>`]),
      ['Geolocation-Routing', 'yes'],
    ],
    parts: documents.map((body, i) => ({
      contentType: 'application/pidf+xml',
      contentId: ids[i] ?? '',
      body,
    })),
  };
}

function introductionOf(o: Introduction, element: string): Piece {
  const headers: Header[] = [];
  if (o.did !== undefined)
    headers.push(['Call-Info', `<${o.did}>;purpose=${identifierRegistry.did.emitted.purpose}`]);
  const [first] = o.languages ?? [];
  if (o.languages && first !== undefined) {
    headers.push(['Accept-Language', acceptLanguage(o.languages)], ['Content-Language', first]);
  }
  const data = additionalDataPieces(o.additionalData ?? [], element);
  return { headers: [...headers, ...data.headers], parts: data.parts };
}

/** RFC 7852 6: each block named in a Call-Info value of its own; by value as a part that value points at. */
export function additionalDataPieces(blocks: readonly AdditionalData[], element: string): Piece {
  const headers: Header[] = [];
  const parts: AppPart[] = [];
  for (const [i, data] of blocks.entries()) {
    const purpose = `purpose=EmergencyCallData.${data.block}`;
    if ('uri' in data) {
      headers.push(['Call-Info', `<${data.uri}>;${purpose}`]);
      continue;
    }
    const contentId = `data-${i + 1}@${element}`;
    headers.push(['Call-Info', `<cid:${contentId}>;${purpose}`]);
    parts.push({
      contentType: data.contentType ?? `application/EmergencyCallData.${data.block}+xml`,
      contentId,
      disposition: 'by-reference;handling=optional',
      body: data.body,
    });
  }
  return { headers, parts };
}

/** RFC 3261 20.3: the first as it is, the others each a little less wanted. */
function acceptLanguage(languages: readonly string[]): string {
  return languages
    .map((tag, i) => (i === 0 ? tag : `${tag};q=${Math.max(0.1, 1 - i / 10).toFixed(1)}`))
    .join(', ');
}

/** RFC 5621 8: a receiver that cannot show it takes the message all the same. */
function attached({ contentType, name, body }: Attachment): AppPart {
  const file = name === undefined ? '' : `;${fileName(name)}`;
  return { contentType, disposition: `attachment${file};handling=optional`, body };
}

/** RFC 2183 2.3, RFC 8187 for what is not ASCII. */
function fileName(name: string): string {
  let plain = '';
  let ascii = true;
  for (const c of name) {
    const code = c.codePointAt(0) ?? 0;
    if (code < 0x20 || code === 0x7f) continue;
    if (code > 0x7e) ascii = false;
    plain += c === '"' || c === '\\' ? `\\${c}` : c;
  }
  if (ascii) return `filename="${plain}"`;
  let encoded = '';
  for (const byte of new TextEncoder().encode(name)) {
    const c = String.fromCharCode(byte);
    encoded += /[A-Za-z0-9._~-]/.test(c) ? c : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return `filename*=UTF-8''${encoded}`;
}

function pidfLo(from: string, at: Place, now: number): string {
  const position = [at.lon, at.lat] as const;
  return writePidfLo({
    entity: entityOf(from),
    shape:
      at.radius === undefined
        ? { type: 'point', position }
        : { type: 'circle', center: position, radius: at.radius },
    timestamp: isoTime(now),
    retentionExpiry: isoTime(now + retentionMs),
    id: 'location',
  });
}

/** The bare URI of an address. */
function entityOf(address: string): string {
  const open = address.indexOf('<');
  const close = address.indexOf('>', open);
  return open >= 0 && close > open ? address.slice(open + 1, close) : address;
}
