import { parseNameAddr } from '../codec/name-addr.js';
import { parseUri, type Uri } from '../codec/uri.js';
import type { TransportName } from '../transport/destination.js';
import type { TransactionTransport } from '../transaction/transport-port.js';

/** One side of a forwarded request: how a peer there reaches us. */
export interface ProxySide {
  readonly transport: TransportName;
  /** `host:port` of the listener, as in Via. */
  readonly sentBy: string;
  /** User part of the value. */
  readonly user?: string;
}

/** Methods that set up a dialog, for which Record-Route means something. RFC 3261 16.6 step 4 */
const dialogForming = new Set(['INVITE', 'SUBSCRIBE', 'REFER']);

export function formsDialog(method: string): boolean {
  return dialogForming.has(method);
}

/**
 * The Record-Route values of a request that goes from one side to another, topmost first. Each end of the dialog gets an
 * address it can reach: where the sides differ there are two values, that of the way out on top. RFC 3261 16.6 step 4,
 * RFC 5658 5. `secure`: the request is for a sips URI, so that these are sips too.
 */
export function recordRoutes(from: ProxySide, to: ProxySide, secure: boolean): readonly string[] {
  const out = recordRoute(to, secure);
  const into = recordRoute(from, secure);
  return out === into ? [out] : [out, into];
}

function recordRoute({ transport, sentBy, user }: ProxySide, secure: boolean): string {
  const scheme = secure ? 'sips' : 'sip';
  const authority = user === undefined ? sentBy : `${user}@${sentBy}`;
  // RFC 3261 26.2.2: under sips TCP means TLS, and needs no word.
  const implied = secure ? transport === 'tls' : transport === 'udp';
  const named = secure && transport === 'wss' ? 'ws' : transport;
  return implied ? `<${scheme}:${authority};lr>` : `<${scheme}:${authority};transport=${named};lr>`;
}

/** RFC 3261 16.6 step 4: is the Request-URI or the topmost Route a sips URI? */
export function isSecured(requestUri: string, firstRoute: string | undefined): boolean {
  const isSips = (uri: string | undefined) => uri?.slice(0, 5).toLowerCase() === 'sips:';
  return isSips(requestUri) || (firstRoute !== undefined && isSips(parseNameAddr(firstRoute)?.uri));
}

/** The listener that a Route value of ours was written for, or undefined. */
export function listenerNamed(
  route: Uri,
  listeners: ReturnType<TransactionTransport['listeners']>,
): string | undefined {
  const transport = route.params.get('transport')?.toLowerCase() ?? (route.scheme === 'sips' ? 'tls' : 'udp');
  const found = listeners.filter((listener) => {
    const advertised = parseUri(`sip:${listener.advertised}`);
    return advertised?.host === route.host && (advertised.port ?? 5060) === (route.port ?? 5060);
  });
  return (found.find((listener) => listener.transport === transport) ?? found[0])?.name;
}
