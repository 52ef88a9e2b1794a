import { isoTime } from '@esinet/kernel';
import { writePidfLo } from '@esinet/location';
import type { AppRequest } from './app-link.js';
import { type AppLocation, additionalDataPieces, locationOf, retentionMs } from './app-request.js';
import type { AdditionalData } from './additional-data.js';
import { CAP_CONTENT_TYPE, type CapAlert } from './cap.js';

/**
 * The MESSAGE of a non-interactive emergency call (RFC 8876 4): the alert as a block of additional data, the location as
 * in any other call. It has no identifiers of a chat: none is begun.
 */
export function alertRequest(o: {
  readonly uri: string;
  readonly from: string;
  readonly element: string;
  /** By value, or where it can be fetched. */
  readonly cap:
    { readonly document: string | Uint8Array; readonly alert: CapAlert } | { readonly uri: string };
  /** Without any, the areas of an alert by value are the location (RFC 8876 4.2). */
  readonly location?: AppLocation;
  readonly additionalData?: readonly AdditionalData[];
  readonly now: number;
}): AppRequest {
  const { cap, element } = o;
  const given = o.location ?? {};
  const known = given.at !== undefined || (given.further ?? []).length > 0;
  const location = known || 'uri' in cap ? given : { further: areasOf(cap.alert, o.from, o.now) };
  const block: AdditionalData =
    'uri' in cap
      ? { block: 'cap', uri: cap.uri }
      : { block: 'cap', body: cap.document, contentType: CAP_CONTENT_TYPE };
  const data = additionalDataPieces([block, ...(o.additionalData ?? [])], element);
  const place = locationOf(location, o.from, element, o.now);
  return {
    uri: o.uri,
    from: o.from,
    headers: [...data.headers, ...place.headers],
    parts: [...data.parts, ...place.parts],
  };
}

function areasOf(alert: CapAlert, from: string, now: number): { pidfLo: string }[] {
  return alert.areas.map((shape) => ({
    pidfLo: writePidfLo({
      entity: from.slice(from.indexOf('<') + 1).split(/[>;]/)[0] ?? '',
      shape,
      timestamp: isoTime(now),
      retentionExpiry: isoTime(now + retentionMs),
    }),
  }));
}
