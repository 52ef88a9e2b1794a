import { type Clock, type Logger, type Timer, messageOf } from '@esinet/kernel';
import {
  type Circuit,
  type CircuitEvent,
  type CircuitLimits,
  circuit,
  firstProbeAfter,
  wellCircuit,
} from './circuit.js';

/** Next hops in trouble that are remembered; beyond, further ones are left to the failover of the proxy. */
const most = 1_000;

export interface HopWatchPorts {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Whether a next hop answers OPTIONS. Left out: it counts as alive after the time between two of them. */
  readonly probe?: ((hop: string) => Promise<boolean>) | undefined;
  /** A next hop is left alone, or used again. */
  readonly changed: (hop: string, open: boolean) => void;
}

export interface HopReport {
  readonly hop: string;
  readonly state: 'Unreachable' | 'Failing';
  readonly failures: number;
  /** Milliseconds. */
  readonly forMs: number;
}

/**
 * Which next hops (by domain) are left alone since they are silent or fail. The proxy itself tries addresses that failed
 * last (RFC 3263 4.3); this is about the next hop behind all its addresses, so that other URIs of it are passed over as
 * well, the operator sees it, and OPTIONS instead of a call finds out when it is back.
 */
export class HopWatch {
  readonly #circuits = new Map<string, Circuit>();
  readonly #probes = new Map<string, Timer>();
  #closed = false;

  constructor(
    private readonly limits: CircuitLimits,
    private readonly ports: HopWatchPorts,
  ) {}

  /** Nothing has failed: the usual case costs no more than this. */
  get isQuiet(): boolean {
    return this.#circuits.size === 0;
  }

  isOpen(hop: string): boolean {
    return this.#circuits.size > 0 && this.#circuits.get(hop)?.open === true;
  }

  note(hop: string, event: CircuitEvent): void {
    const before = this.#circuits.get(hop);
    if (!before && (event === 'answered' || event === 'alive' || this.#circuits.size >= most)) return;
    const { clock, logger } = this.ports;
    const after = circuit(before ?? { ...wellCircuit, since: clock.now() }, event, clock.now(), this.limits);
    if (after === wellCircuit) this.#circuits.delete(hop);
    else this.#circuits.set(hop, after);
    if (after.open === (before?.open ?? false)) return;
    this.#probes.get(hop)?.cancel();
    this.#probes.delete(hop);
    if (after.open) {
      logger.warn('next hop unreachable', { hop, failures: after.failures });
      this.#probeAfter(hop, this.ports.probe ? firstProbeAfter(after, this.limits) : this.limits.probeEvery);
    } else logger.info('next hop reachable', { hop });
    this.ports.changed(hop, after.open);
  }

  report(): HopReport[] {
    const now = this.ports.clock.now();
    return [...this.#circuits].map(([hop, { open, failures, since }]) => ({
      hop,
      state: open ? 'Unreachable' : 'Failing',
      failures,
      forMs: Math.round(now - since),
    }));
  }

  close(): void {
    this.#closed = true;
    for (const timer of this.#probes.values()) timer.cancel();
    this.#probes.clear();
  }

  #probeAfter(hop: string, ms: number): void {
    if (this.#closed) return;
    this.#probes.set(
      hop,
      this.ports.clock.after(ms, () => void this.#probe(hop)),
    );
  }

  async #probe(hop: string): Promise<void> {
    let alive = true;
    try {
      alive = this.ports.probe ? await this.ports.probe(hop) : true;
    } catch (error) {
      alive = false;
      this.ports.logger.warn('next hop not probed', { hop, reason: messageOf(error) });
    }
    if (this.#closed || !this.isOpen(hop)) return;
    if (alive) this.note(hop, 'alive');
    else this.#probeAfter(hop, this.limits.probeEvery);
  }
}
