import type { Via } from '../codec/via.js';
import type { Flow } from '../transport/flow.js';
import { type OcAlgorithm, offeredAlgorithms } from './oc-params.js';

/** Clients remembered with the algorithm that was chosen for them; beyond, the one that was silent longest is forgotten. */
const mostClients = 1_000;
/** RFC 7339 5.8 */
const algorithmStaysMs = 3_600_000;
/** A client that was silent for so long has no share of the rate. */
const activeMs = 1_000;

/** A client of ours that takes part. The same object for all its requests. */
export interface OcClient {
  algorithm: OcAlgorithm;
  chosenAt: number;
  lastAt: number;
}

export interface FeedbackSettings {
  /** Taken where the client can do it; else `loss`, which all can. */
  readonly algorithm: OcAlgorithm;
  readonly validityMs: number;
}

/**
 * The server's side: which client takes part with which algorithm (RFC 7339 5.1, 5.8), and what is said to it now (5.2,
 * 5.3, 5.7). Each text is made once for an interval, not for each response.
 */
export class Feedback {
  readonly #clients = new Map<string, OcClient>();
  #sequence = 0;
  #texts: Record<OcAlgorithm, string>;
  #said = '';

  constructor(
    private readonly settings: FeedbackSettings,
    wall: number,
  ) {
    this.#texts = this.#calm(wall);
  }

  /** The client that sent a request with this topmost Via, or undefined where it does not take part. */
  clientOf(via: Via, flow: Pick<Flow, 'remoteAddress'>, now: number): OcClient | undefined {
    const offered = offeredAlgorithms(via.params);
    if (!offered) return undefined;
    const algorithm = this.#choice(offered);
    if (!algorithm) return undefined;
    const key = `${flow.remoteAddress} ${via.host}:${via.port ?? ''}`;
    let client = this.#clients.get(key);
    if (!client) {
      if (this.#clients.size >= mostClients) this.#forgetOldest();
      client = { algorithm, chosenAt: now, lastAt: now };
      this.#clients.set(key, client);
      return client;
    }
    client.lastAt = now;
    if (client.algorithm !== algorithm) {
      // 5.8: not before an hour, unless it cannot do any more what was chosen.
      const cannot = !offered.includes(client.algorithm);
      if (cannot || now - client.chosenAt >= algorithmStaysMs) {
        client.algorithm = algorithm;
        client.chosenAt = now;
      }
    }
    return client;
  }

  /** The parameters for a response to this client at this moment. */
  textFor(client: OcClient): string {
    return this.#texts[client.algorithm];
  }

  /**
   * A new interval: `loss` is the share, 0 to 1, that has to stay away; `rate` what can be taken in a second, of all
   * clients together.
   */
  update(o: { loss: number; rate: number; now: number; wall: number }): void {
    if (o.loss <= 0) {
      // 5.7: said once more with a new number, and the same from then on.
      if (this.#said !== 'calm') this.#texts = this.#calm(o.wall);
      this.#said = 'calm';
      return;
    }
    this.#said = 'overload';
    let active = 0;
    for (const client of this.#clients.values()) {
      if (client.algorithm === 'rate' && o.now - client.lastAt <= activeMs) active++;
    }
    // 5.4: a client begins the validity anew only with a higher number.
    const tail = `;oc-validity=${this.settings.validityMs};oc-seq=${this.#next(o.wall)}`;
    const percent = Math.min(100, Math.max(1, Math.round(o.loss * 100)));
    const each = Math.max(1, Math.floor(o.rate / Math.max(1, active)));
    this.#texts = {
      loss: `;oc=${percent};oc-algo="loss"${tail}`,
      rate: `;oc=${each};oc-algo="rate"${tail}`,
    };
  }

  #calm(wall: number): Record<OcAlgorithm, string> {
    const tail = `;oc-validity=0;oc-seq=${this.#next(wall)}`;
    return { loss: `;oc=0;oc-algo="loss"${tail}`, rate: `;oc=0;oc-algo="rate"${tail}` };
  }

  /** 4.4: a time in units of 10 µs that only ever rises, also when the clock of the day goes back. */
  #next(wall: number): string {
    this.#sequence = Math.max(this.#sequence + 1, Math.floor(wall) * 100);
    const fraction = String(this.#sequence % 100_000).padStart(5, '0');
    return `${Math.floor(this.#sequence / 100_000)}.${fraction}`;
  }

  #choice(offered: readonly string[]): OcAlgorithm | undefined {
    if (offered.includes(this.settings.algorithm)) return this.settings.algorithm;
    return offered.includes('loss') ? 'loss' : undefined;
  }

  #forgetOldest(): void {
    let oldest: string | undefined;
    let at = Infinity;
    for (const [key, { lastAt }] of this.#clients) {
      if (lastAt >= at) continue;
      at = lastAt;
      oldest = key;
    }
    if (oldest !== undefined) this.#clients.delete(oldest);
  }
}
