import { parseUri, type Uri } from '../codec/uri.js';
import { defaultPort, isTransportName } from '../transport/destination.js';
import type { Flow } from '../transport/flow.js';

/** RFC 3261 19.1.1 table 1: parameters that no Request-URI has. */
const neverInRequestUri = new Set(['method']);
const maddrAndItsWay = new Set(['maddr', 'transport']);

/**
 * A Contact or other address of the location service as a Request-URI: what it may not hold there is taken off, so that
 * a registered `?Route=…` steers nothing. RFC 3261 16.6 step 2
 */
export function requestUriOf(address: string): string {
  if (!address.includes('?') && !address.includes(';')) return address;
  const uri = parseUri(address);
  if (!uri || uri.opaque !== undefined) return address;
  return uri.headers === undefined && !uri.params.has('method')
    ? address
    : written(uri, uri.port, neverInRequestUri);
}

/**
 * RFC 3261 16.4: a Request-URI whose `maddr` leads to us, with the port and transport that it came by, has done its
 * duty; the Request-URI without it, else undefined. `isOwn` tells whether a URI of that host and port is ours.
 */
export function withoutOwnMaddr(
  uri: Uri,
  flow: Pick<Flow, 'transport' | 'localPort'>,
  isOwn: (uri: Uri) => boolean,
): string | undefined {
  const maddr = uri.params.get('maddr');
  if (maddr === undefined || uri.opaque !== undefined) return undefined;
  const transport = uri.params.get('transport')?.toLowerCase() ?? (uri.scheme === 'sips' ? 'tls' : 'udp');
  if (!isTransportName(transport) || flow.transport !== transport) return undefined;
  const port = uri.port ?? defaultPort(transport);
  const ours = parseUri(`${uri.scheme}:${maddr}:${port}`);
  if (flow.localPort !== port || !ours || !isOwn(ours)) return undefined;
  return written(uri, undefined, maddrAndItsWay);
}

function written(uri: Uri, port: number | undefined, without: ReadonlySet<string>): string {
  const password = uri.password === undefined ? '' : `:${uri.password}`;
  let text = `${uri.scheme}:${uri.user === undefined ? '' : `${uri.user}${password}@`}${uri.host}`;
  if (port !== undefined) text += `:${port}`;
  for (const [name, value] of uri.params) {
    if (!without.has(name)) text += value === undefined ? `;${name}` : `;${name}=${value}`;
  }
  return text;
}
