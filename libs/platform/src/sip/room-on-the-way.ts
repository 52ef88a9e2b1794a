import type { SipLimits } from '@esinet/sip';

/**
 * What a message may gain at one hop: Via, Route, Record-Route, identifiers, and History-Info with the Request-URI in
 * it. An element takes that much more than the one before it. Otherwise a stranger's message that is just within the
 * limits at the border is over them behind it, where its connection, which all calls share, would be closed.
 */
const gain = {
  maxMessage: 8_192,
  maxHeaderSection: 8_192,
  maxHeaderLine: 4_096,
  maxHeaderLines: 16,
  maxVias: 2,
} as const;

/** Border, router and border again, before a call gets to the next ESInet (TS 103 698 D.2). */
export const hopsOfAnotherEsinet = 3;

/** The limits of an element that so many hops lie before. */
export function withRoomFor(hops: number, limits: SipLimits): SipLimits {
  return {
    ...limits,
    maxMessage: limits.maxMessage + hops * gain.maxMessage,
    maxHeaderSection: limits.maxHeaderSection + hops * gain.maxHeaderSection,
    maxHeaderLine: limits.maxHeaderLine + hops * gain.maxHeaderLine,
    maxHeaderLines: limits.maxHeaderLines + hops * gain.maxHeaderLines,
    maxVias: limits.maxVias + hops * gain.maxVias,
  };
}
