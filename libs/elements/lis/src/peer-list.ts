import { BlockList, isIP } from 'node:net';
import { canonicalAddress } from '@esinet/held';

/** Addresses remembered with the answer; beyond, all are worked out anew. */
const MAX_JUDGED = 1_000;

/** Addresses and networks (`192.0.2.0/24`), and names from client certificates (`URI:sip:esrp.esinet.lab`). */
export class PeerList {
  readonly #addresses = new BlockList();
  readonly #judged = new Map<string, boolean>();
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
    if (this.empty) return false;
    return this.#hasAddress(peer.address) || (peer.names?.some((name) => this.#names.has(name)) ?? false);
  }

  /** A list never changes, and the same few ask again and again. */
  #hasAddress(text: string): boolean {
    const judged = this.#judged.get(text);
    if (judged !== undefined) return judged;
    const address = canonicalAddress(text);
    const family = isIP(address);
    const has = family !== 0 && this.#addresses.check(address, family === 4 ? 'ipv4' : 'ipv6');
    if (this.#judged.size >= MAX_JUDGED) this.#judged.clear();
    this.#judged.set(text, has);
    return has;
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
