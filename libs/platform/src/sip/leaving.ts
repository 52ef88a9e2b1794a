import { type NotAdmitted, type SipMessage, parseUri } from '@esinet/sip';

/**
 * How far an element has come in ending: `noticing` while it goes on and those who ask learn that it will not for long,
 * `finishing` while it only finishes what it has taken on.
 */
export type LeavingPhase = 'noticing' | 'finishing';

/** Seconds after which whoever is told to come back may ask again. */
const comeBack = 5;

const unavailable: NotAdmitted = { status: 503, headers: [['Retry-After', String(comeBack)]] };

/**
 * What an element that is ending answers to a new request of a peer that copes with 503 (TS 103 698 6.1.2.9) by asking
 * somebody else at once; undefined where the request is handled as ever. Within a dialog nobody else may be able to: it
 * is handled to the end.
 */
export function turnedAway(request: SipMessage, phase: LeavingPhase): NotAdmitted | undefined {
  if (phase === 'noticing') return isProbe(request) ? unavailable : undefined;
  const { method } = request;
  const within = request.to?.tag !== undefined || method === 'ACK' || method === 'CANCEL';
  return within ? undefined : unavailable;
}

/** OPTIONS for the element itself: it names nobody behind it. */
function isProbe(request: SipMessage): boolean {
  if (request.method !== 'OPTIONS' || request.to?.tag !== undefined) return false;
  const uri = parseUri(request.requestUri);
  return uri !== undefined && uri.user === undefined;
}
