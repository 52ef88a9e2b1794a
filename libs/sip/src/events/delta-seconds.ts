import { decimal } from '../codec/lexical.js';
import type { SipMessage } from '../codec/sip-message.js';

/** RFC 3261 20.19: the largest there is. */
export const maxDeltaSeconds = 4_294_967_295;

/** 1*DIGIT as seconds; what is beyond the largest counts as the largest (RFC 3261 20.19). Undefined: no number. */
export function readDeltaSeconds(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d+$/.test(text)) return undefined;
  return decimal(text, maxDeltaSeconds) ?? maxDeltaSeconds;
}

/** The Expires of a message; `broken` where it is no number or there are several. */
export function expiresOf(message: SipMessage): number | undefined | 'broken' {
  const lines = message.headerLines('Expires');
  if (lines.length === 0) return undefined;
  return (lines.length === 1 ? readDeltaSeconds(lines[0]) : undefined) ?? 'broken';
}
