import { isoTime } from '@esinet/kernel';
import { type OutgoingMessage, writeCallInfo } from '@esinet/lmpe';
import { writePidfLo } from '@esinet/location';
import { type UacRequest, writeMultipart } from '@esinet/sip';

/** A place in degrees (WGS 84); a radius in metres makes it a circle. */
export interface Place {
  readonly lat: number;
  readonly lon: number;
  readonly radius?: number;
}

/** How long others may keep a location: RFC 4119 2.2.2, the default of 24 hours. */
export const retentionMs = 24 * 3_600_000;

/**
 * The MESSAGE of an APP (TS 103 698 6.1.2.7, 6.2.2): identifiers, location by value as a part of the body, by reference
 * in the Geolocation header, or both (RFC 6442).
 */
export function chatRequest(o: {
  readonly callId: string;
  readonly from: string;
  readonly element: string;
  readonly message: OutgoingMessage;
  readonly at?: Place;
  readonly locationUri?: string;
  readonly historyInfo?: string;
  /** Milliseconds since 1970, when the place was known. */
  readonly now: number;
}): UacRequest {
  const { message, at, locationUri } = o;
  const { messageType, messageId } = message;
  const headers: (readonly [string, string])[] = writeCallInfo({
    callId: o.callId,
    messageType,
    element: o.element,
    ...(messageId !== undefined && { messageId }),
  }).map((value) => ['Call-Info', value] as const);
  const contentId = `location@${o.element}`;
  if (at) headers.push(['Geolocation', `<cid:${contentId}>`]);
  if (locationUri !== undefined) headers.push(['Geolocation', `<${locationUri}>`]);
  if (at || locationUri !== undefined) headers.push(['Geolocation-Routing', 'yes']);
  // TS 103 698 6.2.7, RFC 7044 5
  if (o.historyInfo !== undefined) headers.push(['History-Info', `<${o.historyInfo}>;index=1`]);
  const request = { method: 'MESSAGE', uri: message.to, from: o.from, to: message.to, headers };

  const text = message.text === undefined || message.text === '' ? undefined : message.text;
  const textType = 'text/plain; charset=utf-8';
  if (!at) return text === undefined ? request : { ...request, body: text, contentType: textType };
  const location = {
    headers: [
      ['Content-Type', 'application/pidf+xml'],
      ['Content-ID', `<${contentId}>`],
    ] as const,
    body: pidfLo(o.from, at, o.now),
  };
  const spoken = text === undefined ? [] : [{ headers: [['Content-Type', textType]] as const, body: text }];
  return { ...request, ...writeMultipart([...spoken, location]) };
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
