import { BlockList, isIP } from 'node:net';
import type { EcrfConfig } from '../ecrf-config.js';

export type SyncPeer = EcrfConfig['sync']['peers'][number];

/** Who asks: the address of the connection and the names of the client's certificate. */
export interface SyncCaller {
  readonly address: string;
  readonly names: readonly string[];
}

/** The peers of LoST-Sync and what each may do. */
export class SyncPeers {
  readonly #addresses = new Map<string, BlockList>();

  constructor(readonly all: readonly SyncPeer[]) {
    for (const peer of all) {
      const list = new BlockList();
      for (const entry of peer.from.filter(isNetwork)) addNetwork(list, entry);
      this.#addresses.set(peer.name, list);
    }
  }

  byName(name: string): SyncPeer | undefined {
    return this.all.find((peer) => peer.name === name);
  }

  /** All peers the caller is, by certificate or by address. */
  of(caller: SyncCaller): SyncPeer[] {
    const family = isIP(caller.address);
    return this.all.filter((peer) => {
      if (caller.names.some((name) => peer.from.includes(name))) return true;
      const list = this.#addresses.get(peer.name);
      return family !== 0 && (list?.check(caller.address, family === 4 ? 'ipv4' : 'ipv6') ?? false);
    });
  }
}

/** Whether a peer may write mappings of a source (`ecrf.b.lab`, `*.b.lab`, `*`); never those of this server. */
export function mayWrite(peer: SyncPeer, source: string, own: string): boolean {
  const name = source.toLowerCase();
  if (name === own.toLowerCase()) return false;
  return peer.sources.some((allowed) => {
    if (allowed === '*' || allowed === name) return true;
    return allowed.startsWith('*.') && name.endsWith(allowed.slice(1));
  });
}

/** An IP address, or a network such as 192.0.2.0/24. */
export function isNetwork(text: string): boolean {
  const [address = '', prefix, more] = text.split('/', 3);
  const family = isIP(address);
  if (family === 0 || more !== undefined) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128));
}

/** A name as certificates have them: `URI:sip:ecrf.b.lab`, `DNS:ecrf.b.lab`, `IP Address:192.0.2.1`. */
export function isCertificateName(text: string): boolean {
  return /^(URI|DNS|IP Address):\S+$/.test(text);
}

function addNetwork(list: BlockList, entry: string): void {
  const [address = '', prefix] = entry.split('/', 2);
  const family = isIP(address) === 4 ? 'ipv4' : 'ipv6';
  if (prefix === undefined) list.addAddress(address, family);
  else list.addSubnet(address, Number(prefix), family);
}
