import type { Destination } from '../transport/destination.js';

/** Destinations of a domain, configured instead of asked of the DNS. */
export interface HostTableEntry {
  /** `psap.esinet.internal`; `*.esinet.internal` for every name below; with `:port` for that port only. */
  readonly domain: string;
  readonly destinations: readonly Destination[];
}

/** Finds the entry of a host: with its port, exact, then the longest wildcard that covers it. */
export class HostTable {
  readonly #exact = new Map<string, readonly Destination[]>();
  readonly #below = new Map<string, readonly Destination[]>();

  constructor(entries: readonly HostTableEntry[]) {
    for (const { domain, destinations } of entries) {
      const name = domain.toLowerCase();
      if (name.startsWith('*.')) this.#below.set(name.slice(1), destinations);
      else this.#exact.set(name, destinations);
    }
  }

  find(host: string, port: number | undefined): readonly Destination[] | undefined {
    const name = host.toLowerCase();
    const exact =
      (port === undefined ? undefined : this.#exact.get(`${name}:${port}`)) ?? this.#exact.get(name);
    if (exact) return exact;
    for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
      const below = this.#below.get(name.slice(dot));
      if (below) return below;
    }
    return undefined;
  }
}
