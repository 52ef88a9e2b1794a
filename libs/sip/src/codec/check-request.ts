import type { SipMessage } from './sip-message.js';
import { parseUri } from './uri.js';

/** The answer a request deserves that is not in order. */
export interface RequestFlaw {
  readonly status: number;
  readonly reason: string;
  readonly headers?: [string, string][];
}

export function checkRequest(m: SipMessage): RequestFlaw | undefined {
  if (m.version.toUpperCase() !== 'SIP/2.0') return { status: 505, reason: 'Version Not Supported' };
  if (parseUri(m.requestUri) === undefined) return { status: 400, reason: 'Malformed Request-URI' };
  if (m.vias.length === 0) return { status: 400, reason: 'Missing or Malformed Via' };
  if (m.from === undefined) return { status: 400, reason: 'Missing or Malformed From' };
  if (m.to === undefined) return { status: 400, reason: 'Missing or Malformed To' };
  if (m.callId === undefined) return { status: 400, reason: 'Missing Call-ID' };
  if (m.cseq === undefined) return { status: 400, reason: 'Missing or Malformed CSeq' };
  if (m.cseq.method !== m.method) return { status: 400, reason: 'CSeq Method Mismatch' };
  if (m.has('Max-Forwards') && m.maxForwards === undefined)
    return { status: 400, reason: 'Malformed Max-Forwards' };
  return undefined;
}
