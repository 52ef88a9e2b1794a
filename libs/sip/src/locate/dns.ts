import { Resolver } from 'node:dns/promises';

/** RFC 3403 4.1 */
export interface NaptrRecord {
  readonly order: number;
  readonly preference: number;
  readonly flags: string;
  readonly service: string;
  readonly regexp: string;
  readonly replacement: string;
}

/** RFC 2782 */
export interface SrvRecord {
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  readonly name: string;
}

export interface AddressRecord {
  readonly address: string;
  /** Seconds. */
  readonly ttl: number;
}

/** Questions to the DNS. An empty answer is "there is none"; a rejection is "could not be asked". */
export interface DnsPort {
  resolveNaptr(name: string): Promise<readonly NaptrRecord[]>;
  resolveSrv(name: string): Promise<readonly SrvRecord[]>;
  resolve4(name: string): Promise<readonly AddressRecord[]>;
  resolve6(name: string): Promise<readonly AddressRecord[]>;
}

const noSuchRecord = new Set(['ENOTFOUND', 'ENODATA']);

async function answered<T>(question: Promise<T[]>): Promise<T[]> {
  try {
    return await question;
  } catch (error) {
    if (error instanceof Error && 'code' in error && noSuchRecord.has(String(error.code))) return [];
    throw error;
  }
}

/**
 * The DNS asked straight from the event loop, not through getaddrinfo: that one blocks a thread of a pool of four,
 * which a dead name server would exhaust.
 *
 * @param o.servers addresses of name servers; those of the system unless given
 * @param o.timeoutMs until a name server counts as silent; each is asked `tries` times
 */
export function nodeDns(
  o: { readonly servers?: readonly string[]; readonly timeoutMs?: number; readonly tries?: number } = {},
): DnsPort {
  const resolver = new Resolver({ timeout: o.timeoutMs ?? 500, tries: o.tries ?? 2 });
  if (o.servers && o.servers.length > 0) resolver.setServers([...o.servers]);
  return {
    resolveNaptr: (name) => answered(resolver.resolveNaptr(name)),
    resolveSrv: (name) => answered(resolver.resolveSrv(name)),
    resolve4: (name) => answered(resolver.resolve4(name, { ttl: true })),
    resolve6: (name) => answered(resolver.resolve6(name, { ttl: true })),
  };
}
