import { isIP } from 'node:net';
import type { Clock } from '@esinet/kernel';
import { type Uri, parseUri } from '../codec/uri.js';
import type { Via } from '../codec/via.js';
import {
  type Destination,
  type TransportName,
  defaultPort,
  isSecure,
  isTransportName,
  plainAddress,
} from '../transport/destination.js';
import { DnsCache } from './dns-cache.js';
import type { DnsPort, NaptrRecord } from './dns.js';
import { HostTable, type HostTableEntry } from './host-table.js';
import { type LocateLimits, defaultLocateLimits } from './limits.js';
import { srvOrder } from './srv-order.js';

/** RFC 3263 */
export interface ServerLocator {
  /** Where a request for the URI goes: all candidates, the best first; none where it cannot be told. Never rejects. */
  locate(uri: Uri | string): Promise<Destination[]>;
  /** Where a response goes when the connection or address the request came from has failed. RFC 3263 5. Never rejects. */
  forResponse(via: Via): Promise<Destination[]>;
}

export interface ServerLocatorOptions {
  /** Asked first. */
  readonly table: readonly HostTableEntry[];
  /** Without it names that are not in the table cannot be located. */
  readonly dns?: DnsPort;
  readonly clock: Clock;
  /** Milliseconds one `locate` may take in all. */
  readonly timeoutMs: number;
  /** The transports this element can use, best first. */
  readonly preferred: readonly TransportName[];
  /** Draws among SRV records of equal priority. */
  readonly random?: () => number;
  readonly limits?: Partial<LocateLimits>;
}

/** SRV name and NAPTR service of each transport. RFC 3263 4.1, RFC 7118 5.5 */
const services: Readonly<Record<TransportName, { readonly srv: string; readonly naptr: string }>> = {
  udp: { srv: '_sip._udp', naptr: 'SIP+D2U' },
  tcp: { srv: '_sip._tcp', naptr: 'SIP+D2T' },
  tls: { srv: '_sips._tcp', naptr: 'SIPS+D2T' },
  ws: { srv: '_sip._ws', naptr: 'SIP+D2W' },
  wss: { srv: '_sips._ws', naptr: 'SIPS+D2W' },
};

/** NAPTR, SRV and addresses: at most three questions follow each other. */
const stages = 3;

export function serverLocator(o: ServerLocatorOptions): ServerLocator {
  return new Locator(o);
}

class Locator implements ServerLocator {
  readonly #table: HostTable;
  readonly #dns: DnsCache | undefined;
  readonly #limits: LocateLimits;
  readonly #random: () => number;

  constructor(private readonly o: ServerLocatorOptions) {
    this.#table = new HostTable(o.table);
    this.#limits = { ...defaultLocateLimits, ...o.limits };
    this.#random = o.random ?? Math.random;
    if (o.dns) this.#dns = new DnsCache(o.dns, o.clock, o.timeoutMs / stages, this.#limits);
  }

  async locate(uri: Uri | string): Promise<Destination[]> {
    const parsed = typeof uri === 'string' ? parseUri(uri) : uri;
    if (!parsed || (parsed.scheme !== 'sip' && parsed.scheme !== 'sips')) return [];
    const sips = parsed.scheme === 'sips';
    const named = transportParam(parsed.params.get('transport'), sips);
    if (named === 'unknown') return [];
    const target = (parsed.params.get('maddr') ?? parsed.host).toLowerCase();
    // The certificate must speak for the domain asked for, not for what the DNS made of it: RFC 5922 7.3.
    const found = await this.#candidates(target, parsed.port, named, sips);
    return limited(withNames(found, isIP(plainAddress(parsed.host)) ? undefined : parsed.host), this.#limits);
  }

  async forResponse(via: Via): Promise<Destination[]> {
    const transport = via.transport.toLowerCase();
    if (!isTransportName(transport)) return [];
    const entry = this.#table.find(via.host, via.port);
    const found = entry
      ? entry
          .filter((destination) => destination.transport === transport)
          .map((destination) => ({ ...destination, port: via.port ?? destination.port }))
      : await this.#atHost(via.host, via.port, [transport]);
    return limited(withNames(found, isIP(plainAddress(via.host)) ? undefined : via.host), this.#limits);
  }

  async #candidates(
    target: string,
    port: number | undefined,
    named: TransportName | undefined,
    sips: boolean,
  ): Promise<Destination[]> {
    const entry = this.#table.find(target, port);
    if (entry) return fitting(entry, named, sips);
    if (named) return this.#atHost(target, port, [named]);
    const defaults = this.#defaults(sips);
    if (isIP(plainAddress(target)) || port !== undefined) return this.#atHost(target, port, defaults);

    const byNaptr = await this.#byNaptr(target, sips);
    if (byNaptr.length > 0) return byNaptr;
    const usable = this.o.preferred.filter(
      (transport) => transport !== 'ws' && transport !== 'wss' && (!sips || isSecure(transport)),
    );
    const bySrv = await Promise.all(
      usable.map((transport) => this.#bySrv(`${services[transport].srv}.${target}`, transport)),
    );
    const found = bySrv.flat();
    return found.length > 0 ? found : this.#byAddress(target, undefined, defaults);
  }

  /** Without a transport in the URI: TLS for sips; for sip UDP first, the other plain one after it. RFC 3263 4.1 */
  #defaults(sips: boolean): TransportName[] {
    if (sips) return ['tls'];
    const plain = (['udp', 'tcp'] as const).filter((transport) => this.o.preferred.includes(transport));
    return plain.length > 0 ? plain : ['tls'];
  }

  /** RFC 3263 4.2, the transports being known. */
  async #atHost(
    target: string,
    port: number | undefined,
    transports: readonly TransportName[],
  ): Promise<Destination[]> {
    const address = plainAddress(target);
    if (isIP(address)) {
      return transports.map((transport) => ({ transport, address, port: port ?? defaultPort(transport) }));
    }
    if (port !== undefined) return this.#byAddress(target, port, transports);
    const bySrv = await Promise.all(
      transports.map((transport) => this.#bySrv(`${services[transport].srv}.${target}`, transport)),
    );
    const found = bySrv.flat();
    return found.length > 0 ? found : this.#byAddress(target, undefined, transports);
  }

  async #byNaptr(target: string, sips: boolean): Promise<Destination[]> {
    if (!this.#dns) return [];
    const usable: { record: NaptrRecord; transport: TransportName }[] = [];
    for (const record of await this.#dns.naptr(target)) {
      const transport = this.o.preferred.find(
        (name) => services[name].naptr === record.service.toUpperCase(),
      );
      if (!transport || (sips && !isSecure(transport))) continue;
      if (record.flags.toLowerCase() !== 's' || !record.replacement) continue;
      usable.push({ record, transport });
    }
    usable.sort((a, b) => a.record.order - b.record.order || a.record.preference - b.record.preference);
    const found = await Promise.all(
      usable.map(({ record, transport }) => this.#bySrv(record.replacement, transport)),
    );
    return found.flat();
  }

  async #bySrv(name: string, transport: TransportName): Promise<Destination[]> {
    if (!this.#dns) return [];
    // A target of "." says that the service is not offered: RFC 2782.
    const records = (await this.#dns.srv(name)).filter((record) => record.name !== '.' && record.name !== '');
    const ordered = srvOrder(records, this.#random).slice(0, this.#limits.maxDestinations);
    const found = await Promise.all(
      ordered.map((record) => this.#byAddress(record.name, record.port, [transport])),
    );
    return found.flat();
  }

  async #byAddress(
    host: string,
    port: number | undefined,
    transports: readonly TransportName[],
  ): Promise<Destination[]> {
    const literal = plainAddress(host);
    const addresses = isIP(literal) ? [literal] : this.#dns ? await this.#dns.addresses(host) : [];
    return transports.flatMap((transport) =>
      addresses.map((address) => ({ transport, address, port: port ?? defaultPort(transport) })),
    );
  }
}

/** RFC 3261 19.1.1 and 26.2.2: under sips each transport is its secured form. */
function transportParam(value: string | undefined, sips: boolean): TransportName | undefined | 'unknown' {
  if (value === undefined) return undefined;
  const name = value.toLowerCase();
  if (!isTransportName(name)) return 'unknown';
  if (!sips) return name;
  if (name === 'udp') return 'unknown';
  return name === 'ws' || name === 'wss' ? 'wss' : 'tls';
}

/** Of a table entry what the URI allows; where it names a transport the entry does not have, the operator's word counts. */
function fitting(
  entry: readonly Destination[],
  named: TransportName | undefined,
  sips: boolean,
): Destination[] {
  const allowed = sips ? entry.filter((destination) => isSecure(destination.transport)) : entry;
  const matching = named ? allowed.filter((destination) => destination.transport === named) : [];
  return matching.length > 0 ? matching : [...allowed];
}

function withNames(found: readonly Destination[], domain: string | undefined): Destination[] {
  return found.map((destination) =>
    domain !== undefined && isSecure(destination.transport) && destination.serverName === undefined
      ? { ...destination, serverName: domain }
      : destination,
  );
}

/** Each destination once, and no more than the limit. */
function limited(found: readonly Destination[], limits: LocateLimits): Destination[] {
  const seen = new Map<string, Destination>();
  for (const destination of found) {
    const key = `${destination.transport} ${destination.address} ${destination.port}`;
    if (!seen.has(key)) seen.set(key, destination);
  }
  return [...seen.values()].slice(0, limits.maxDestinations);
}
