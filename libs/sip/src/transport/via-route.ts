import type { Via } from '../codec/via.js';
import { type Destination, defaultPort, isSecure, plainAddress } from './destination.js';
import type { Flow } from './flow.js';

/** Where a response goes: over a flow (the connection or the very UDP socket), or to an address. */
export type ResponseRoute = { readonly flow: Flow } | { readonly destination: Destination };

/**
 * The way of a response to a request that came in on `flow` with this top Via: RFC 3261 18.2.2 with RFC 3581 4 and
 * RFC 7118 5. `received` and `rport` are taken from the flow, which cannot be forged, not from the text.
 *
 * A reliable flow that has closed gives the address for a new connection; if that fails, RFC 3263 5 on the sent-by is
 * next. WebSocket clients cannot be connected to: theirs is always the flow. `maddr` would let anybody aim our
 * responses, so it counts only where allowed.
 */
export function responseRoute(
  topVia: Via,
  flow: Flow,
  o: { readonly allowMaddr?: boolean } = {},
): ResponseRoute {
  const { transport } = flow;
  if (flow.reliable) {
    if (flow.open || transport === 'ws' || transport === 'wss') return { flow };
    return {
      destination: {
        transport,
        address: flow.remoteAddress,
        port: topVia.port ?? defaultPort(transport),
        ...(isSecure(transport) ? { serverName: topVia.host } : {}),
      },
    };
  }
  const port = topVia.port ?? defaultPort(transport);
  const maddr = topVia.params.get('maddr');
  if (maddr !== undefined && o.allowMaddr) {
    return { destination: { transport, address: plainAddress(maddr), port } };
  }
  if (topVia.rport !== undefined || port === flow.remotePort) return { flow };
  return { destination: { transport, address: flow.remoteAddress, port } };
}

/**
 * The Via value as a server stores it: `received` (RFC 3261 18.2.1) and `rport` (RFC 3581 4) as the flow shows them,
 * whatever the sender wrote there. Nothing else of the text changes.
 */
export function receivedVia(via: Via, flow: Flow): string {
  const differs = plainAddress(via.host).toLowerCase() !== flow.remoteAddress.toLowerCase();
  const asked = via.params.has('rport');
  if (!differs && !asked && !via.params.has('received')) return via.text;
  const parts: string[] = [];
  for (const part of via.text.includes('"') ? splitParams(via.text) : via.text.split(';')) {
    const name = parts.length === 0 ? '' : paramName(part);
    if (name === 'received') continue;
    parts.push(name === 'rport' ? `rport=${flow.remotePort}` : part);
  }
  if (differs || asked) parts.push(`received=${flow.remoteAddress}`);
  return parts.join(';');
}

function paramName(part: string): string {
  const equals = part.indexOf('=');
  return (equals < 0 ? part : part.slice(0, equals)).trim().toLowerCase();
}

/** The text cut at the semicolons that stand outside of quoted strings. */
function splitParams(text: string): string[] {
  const parts: string[] = [];
  let start = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (quoted) {
      if (char === '\\') at++;
      else if (char === '"') quoted = false;
    } else if (char === '"') {
      quoted = true;
    } else if (char === ';') {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}
