import { parseUri, type SipMessage, type Uri } from '@esinet/sip';
import { type EmergencyTarget, emergencyTarget } from './emergency-target.js';
import type { BorderPolicy, Source } from './policy.js';

/** What the border takes a request for. */
export type Traffic =
  | { readonly kind: 'probe' }
  | { readonly kind: 'emergency'; readonly target: EmergencyTarget }
  /** To a PSAP named by its public (or, tolerated, private) URI: a chat that runs already. */
  | { readonly kind: 'chat'; readonly user: Uri }
  /** Between peers, to a domain of the table (TS 103 698 D.2). */
  | { readonly kind: 'relay'; readonly domain: string }
  /** From inside to somebody outside. */
  | { readonly kind: 'outward'; readonly user: Uri }
  | { readonly kind: 'refused'; readonly status: number; readonly why: string };

export interface ClassifyContext {
  readonly policy: BorderPolicy;
  /** Whether host and port of a URI are an address this border listens on. */
  readonly isOwnAddress: (uri: Uri) => boolean;
  /** Whether there is a next hop for that domain in the table of peers. */
  readonly hasDomain: (domain: string) => boolean;
}

/** What a call or a chat may use. RFC 3261, 3262, 3311, 3428, 6086 */
const methods = new Set(['INVITE', 'ACK', 'BYE', 'CANCEL', 'PRACK', 'UPDATE', 'INFO', 'MESSAGE', 'OPTIONS']);

export const allowedMethods: readonly string[] = [...methods];

/** Decides what a request is from its method, its Request-URI, its routes and its side; nothing else is believed. */
export function classify(request: SipMessage, source: Source, context: ClassifyContext): Traffic {
  const uri = parseUri(request.requestUri);
  if (request.method === 'OPTIONS' && uri && isThisBorder(uri, context)) return { kind: 'probe' };
  if (!methods.has(request.method)) return { kind: 'refused', status: 405, why: 'method' };

  const route =
    source.side === 'private' || source.peer?.trusted === true ? foreignRoute(request, context) : undefined;
  if (route !== undefined && context.hasDomain(route)) return { kind: 'relay', domain: route };

  const target = emergencyTarget(request.requestUri, context.policy);
  // The ESRP sends what it cannot place itself: sent back to it, the call would go round until Max-Forwards ends it.
  if (target && route !== undefined && source.side === 'private') {
    return { kind: 'refused', status: 404, why: 'no such domain' };
  }
  if (target) return { kind: 'emergency', target };

  if (!uri) return { kind: 'refused', status: 400, why: 'request-uri' };
  if (uri.scheme !== 'sip' && uri.scheme !== 'sips') return { kind: 'refused', status: 416, why: 'scheme' };
  if (uri.user !== undefined && isPsapUri(uri, context)) return { kind: 'chat', user: uri };
  if (source.side === 'private') return { kind: 'outward', user: uri };
  if (source.peer?.trusted && context.hasDomain(uri.host)) return { kind: 'relay', domain: uri.host };
  return { kind: 'refused', status: 404, why: 'not ours' };
}

function isThisBorder(uri: Uri, context: ClassifyContext): boolean {
  return context.isOwnAddress(uri) || (uri.user === undefined && uri.host === context.policy.publicDomain);
}

function isPsapUri(uri: Uri, context: ClassifyContext): boolean {
  const { publicDomain, privateDomain } = context.policy;
  return uri.host === publicDomain || uri.host === privateDomain || context.isOwnAddress(uri);
}

/** The host of the first Route value that is not us. RFC 3261 16.4, 16.6 step 6 */
function foreignRoute(request: SipMessage, context: ClassifyContext): string | undefined {
  for (const value of request.values('Route')) {
    const uri = routeUri(value);
    if (!uri) return undefined;
    if (!context.isOwnAddress(uri) && uri.host !== context.policy.publicDomain) return uri.host;
  }
  return undefined;
}

function routeUri(value: string): Uri | undefined {
  const open = value.indexOf('<');
  const close = value.indexOf('>', open + 1);
  return open < 0 || close < 0 ? undefined : parseUri(value.slice(open + 1, close));
}
