import type { NextHop } from '@esinet/platform';
import { type TransportName, isTransportName } from '@esinet/sip';

/** A place in the configuration, `bcf.esrp[0]`, with what stands there. */
export interface ConfiguredHop {
  readonly path: string;
  readonly hop: NextHop;
}

export interface ConfiguredListener {
  readonly path: string;
  readonly transport: TransportName | 'http';
  readonly host: string;
  readonly port: number;
  readonly advertise?: string;
}

export interface ConfiguredUrl {
  readonly path: string;
  readonly url: string;
}

export interface Configured {
  readonly hops: readonly ConfiguredHop[];
  readonly listeners: readonly ConfiguredListener[];
  readonly urls: readonly ConfiguredUrl[];
}

/** Deeper than any configuration of ours. */
const deepest = 12;

/** Next hops, listeners and addresses of servers, found by their shape wherever they stand in a configuration that was read. */
export function configured(config: unknown): Configured {
  const found = {
    hops: [] as ConfiguredHop[],
    listeners: [] as ConfiguredListener[],
    urls: [] as ConfiguredUrl[],
  };
  walk(config, '', 0, found);
  return found;
}

function walk(
  value: unknown,
  path: string,
  depth: number,
  found: { hops: ConfiguredHop[]; listeners: ConfiguredListener[]; urls: ConfiguredUrl[] },
): void {
  if (typeof value === 'string') {
    if (/^https?:\/\/[^\s]+$/.test(value)) found.urls.push({ path, url: value });
    return;
  }
  if (typeof value !== 'object' || value === null || depth > deepest) return;
  if (Array.isArray(value)) return value.forEach((each, i) => walk(each, `${path}[${i}]`, depth + 1, found));
  const at = value as Record<string, unknown>;
  const { transport, host, port } = at;
  if (typeof transport === 'string' && isTransportName(transport)) {
    if (typeof at['uri'] === 'string' || (typeof at['address'] === 'string' && typeof port === 'number')) {
      found.hops.push({ path, hop: value as NextHop });
      return;
    }
    if (typeof host === 'string' && typeof port === 'number') {
      found.listeners.push({ path, transport, host, port, ...advertised(at) });
      return;
    }
  }
  if (typeof host === 'string') {
    if (typeof port === 'number') found.listeners.push({ path, transport: 'http', host, port });
    for (const [key, own] of Object.entries(at)) {
      if (!isTransportName(key) || typeof own !== 'number') continue;
      found.listeners.push({ path: `${path}.${key}`, transport: key, host, port: own, ...advertised(at) });
    }
    return;
  }
  for (const [key, each] of Object.entries(at))
    walk(each, path === '' ? key : `${path}.${key}`, depth + 1, found);
}

function advertised({ advertise }: Record<string, unknown>): { advertise?: string } {
  return typeof advertise === 'string' ? { advertise } : {};
}

/** `tcp 10.0.0.7:15070`, or the URI. */
export function hopText(hop: NextHop): string {
  return 'uri' in hop ? hop.uri : `${hop.transport} ${hop.address}:${hop.port}`;
}
