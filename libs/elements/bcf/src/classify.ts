import { type InDialog, parseUri, type SipMessage, type Uri } from '@esinet/sip';
import { type EmergencyTarget, emergencyTarget } from './emergency-target.js';
import type { BorderPolicy, Source } from './policy.js';

/** What the border takes a request for. */
export type Traffic =
  | { readonly kind: 'probe' }
  /** Within a dialog whose first request went through here. */
  | { readonly kind: 'dialog'; readonly dialog: InDialog; readonly to: Source['side'] }
  | {
      readonly kind: 'emergency';
      readonly target: EmergencyTarget;
      /** The PSAP of ours that an ESRP has chosen: that of another ESInet (TS 103 698 D.2). */
      readonly psap?: Uri;
    }
  /**
   * To a PSAP named by its public (or, tolerated, private) URI: a chat that runs already. `inChat`: only of somebody
   * whose call came in here.
   */
  | { readonly kind: 'chat'; readonly user: Uri; readonly inChat?: true }
  /** To a domain of the table (TS 103 698 D.2). `inChat`: only of somebody whose call came in here. */
  | { readonly kind: 'relay'; readonly domain: string; readonly inChat?: true }
  /** From inside, or from another ESInet, to somebody outside. `inChat`: only to somebody whose call came in here. */
  | { readonly kind: 'outward'; readonly user: Uri; readonly inChat?: true }
  | { readonly kind: 'refused'; readonly status: number; readonly why: string };

export interface ClassifyContext {
  readonly policy: BorderPolicy;
  /** Whether host and port of a URI are an address this border listens on. */
  readonly isOwnAddress: (uri: Uri) => boolean;
  /** Whether there is a next hop for that domain in the table of peers. */
  readonly hasDomain: (domain: string) => boolean;
  /** Whether it is the public domain of a peered ESInet: there are PSAPs, and every caller may go on with a chat. */
  readonly isPeeredEsinet: (domain: string) => boolean;
}

/** What a call or a chat may use. RFC 3261, 3262, 3311, 3428, 6086; 6665, 3903 and 3515 */
const methods = new Set([
  ...['INVITE', 'ACK', 'BYE', 'CANCEL', 'PRACK', 'UPDATE', 'INFO', 'MESSAGE', 'OPTIONS'],
  ...['SUBSCRIBE', 'NOTIFY', 'PUBLISH', 'REFER'],
]);

export const allowedMethods: readonly string[] = [...methods];

/** These make an element inside keep state, tell of itself or call somebody: nobody outside may ask that unasked. */
const askingMethods = new Set(['SUBSCRIBE', 'NOTIFY', 'PUBLISH', 'REFER']);

/** Decides what a request is from its method, its Request-URI, its routes and its side; nothing else is believed. */
export function classify(request: SipMessage, source: Source, context: ClassifyContext): Traffic {
  const uri = parseUri(request.requestUri);
  if (request.method === 'OPTIONS' && uri && isThisBorder(uri, context)) return { kind: 'probe' };
  if (!methods.has(request.method)) return { kind: 'refused', status: 405, why: 'method' };

  const inside = source.side === 'private';
  const esinet = source.peer?.trusted ? source.peer.esinet : undefined;
  if (askingMethods.has(request.method) && !inside && !esinet) {
    return uri?.user !== undefined && isPsapUri(uri, context)
      ? { kind: 'chat', user: uri, inChat: true }
      : { kind: 'refused', status: 403, why: 'outside of a dialog' };
  }
  // Where a route was preloaded, RFC 3261 16.4, by whom we believe: our own ESRP, and those of peers.
  const next = inside || esinet ? foreignRoute(request, context) : undefined;
  const route = next?.host;
  const target = emergencyTarget(request.requestUri, context.policy);
  if (next && target && next.user !== undefined && isPsapUri(next, context)) {
    return { kind: 'emergency', target, psap: next };
  }
  if (route !== undefined && context.hasDomain(route)) {
    const refused = inside ? undefined : relayRefusal(source, route);
    if (!refused) return { kind: 'relay', domain: route };
    // What asks for help is not refused for the way it was sent on.
    if (!target) return refused;
  }
  // The ESRP sends what it cannot place itself: sent back to it, the call would go round until Max-Forwards ends it.
  if (target && route !== undefined && inside) {
    return { kind: 'refused', status: 404, why: 'no such domain' };
  }
  if (target) return { kind: 'emergency', target };

  if (!uri) return { kind: 'refused', status: 400, why: 'request-uri' };
  if (uri.scheme !== 'sip' && uri.scheme !== 'sips') return { kind: 'refused', status: 416, why: 'scheme' };
  if (uri.user !== undefined && isPsapUri(uri, context)) return { kind: 'chat', user: uri };
  if (inside) return { kind: 'outward', user: uri };
  return acrossThePublicSide(uri, source, context);
}

/** What is neither for help nor for a PSAP of ours: never an open relay. */
function acrossThePublicSide(uri: Uri, source: Source, context: ClassifyContext): Traffic {
  const notOurs: Traffic = { kind: 'refused', status: 404, why: 'not ours' };
  const peer = source.peer?.trusted ? source.peer : undefined;
  if (context.hasDomain(uri.host)) {
    const refused = relayRefusal(source, uri.host);
    if (!refused) return { kind: 'relay', domain: uri.host };
    if (uri.user === undefined || !context.isPeeredEsinet(uri.host) || peer?.esinet) return refused;
    return peer ? { kind: 'relay', domain: uri.host } : { kind: 'relay', domain: uri.host, inChat: true };
  }
  if (peer?.esinet && uri.user !== undefined) return { kind: 'outward', user: uri, inChat: true };
  return notOurs;
}

/** Why a peer may not be relayed to that domain; undefined where it may: the white list of TS 103 698 D.2. */
function relayRefusal({ peer }: Source, domain: string): Traffic | undefined {
  if (!peer?.trusted) return { kind: 'refused', status: 404, why: 'not ours' };
  const { esinet } = peer;
  // Back to where it came from: the two borders would throw it to each other.
  if (esinet && [esinet.publicDomain, esinet.privateDomain, ...esinet.domains].includes(domain)) {
    return { kind: 'refused', status: 482, why: 'back to the peer' };
  }
  return peer.relay.includes(domain) ? undefined : { kind: 'refused', status: 403, why: 'not white-listed' };
}

function isThisBorder(uri: Uri, context: ClassifyContext): boolean {
  return context.isOwnAddress(uri) || (uri.user === undefined && uri.host === context.policy.publicDomain);
}

function isPsapUri(uri: Uri, context: ClassifyContext): boolean {
  const { publicDomain, privateDomain } = context.policy;
  return uri.host === publicDomain || uri.host === privateDomain || context.isOwnAddress(uri);
}

/** The first Route value that does not mean this border itself. RFC 3261 16.4, 16.6 step 6 */
function foreignRoute(request: SipMessage, context: ClassifyContext): Uri | undefined {
  for (const value of request.values('Route')) {
    const uri = routeUri(value);
    if (!uri) return undefined;
    if (!isThisBorder(uri, context)) return uri;
  }
  return undefined;
}

function routeUri(value: string): Uri | undefined {
  const open = value.indexOf('<');
  const close = value.indexOf('>', open + 1);
  return open < 0 || close < 0 ? undefined : parseUri(value.slice(open + 1, close));
}
