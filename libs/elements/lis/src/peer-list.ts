import { BlockList, isIP } from 'node:net';
import { canonicalAddress } from '@esinet/held';

/** Addresses and networks (`192.0.2.0/24`), and names from client certificates (`URI:sip:esrp.esinet.lab`). */
export class PeerList {
  readonly #addresses = new BlockList();
  readonly #names = new Set<string>();
  readonly empty: boolean;

  constructor(entries: readonly string[]) {
    this.empty = entries.length === 0;
    for (const entry of entries) {
      if (isNetwork(entry)) this.#add(entry);
      else this.#names.add(entry);
    }
  }

  has(peer: { readonly address: string; readonly names?: readonly string[] }): boolean {
    const address = canonicalAddress(peer.address);
    const family = isIP(address);
    if (family !== 0 && this.#addresses.check(address, family === 4 ? 'ipv4' : 'ipv6')) return true;
    return peer.names?.some((name) => this.#names.has(name)) ?? false;
  }

  #add(entry: string): void {
    const [address = '', prefix] = entry.split('/', 2);
    const family = isIP(address) === 4 ? 'ipv4' : 'ipv6';
    if (prefix === undefined) this.#addresses.addAddress(address, family);
    else this.#addresses.addSubnet(address, Number(prefix), family);
  }
}

/** An IP address, with or without a prefix length that fits. */
export function isNetwork(text: string): boolean {
  const [address = '', prefix, more] = text.split('/', 3);
  const family = isIP(address);
  if (family === 0 || more !== undefined) return false;
  if (prefix === undefined) return true;
  return /^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128);
}

/** As a certificate's SAN is shown: `DNS:…`, `URI:…`, `IP Address:…`. */
export function isCertificateName(text: string): boolean {
  return text.startsWith('DNS:') || text.startsWith('URI:') || text.startsWith('IP Address:');
}
