import type { Clock } from '@esinet/kernel';
import type { SipMessage } from '../codec/sip-message.js';
import type { Via } from '../codec/via.js';
import type { Destination } from '../transport/destination.js';
import type { Flow } from '../transport/flow.js';
import { isFlow } from '../transaction/transport-port.js';
import { Feedback, type FeedbackSettings, type OcClient } from './feedback.js';
import type { LoadClass } from './load-class.js';
import { type HopVerdict, NextHops, type NextHopSettings } from './next-hops.js';
import { feedbackOf } from './oc-params.js';

export interface SignallingSettings extends FeedbackSettings, NextHopSettings {}

export const defaultSignallingSettings: SignallingSettings = {
  algorithm: 'loss',
  validityMs: 500,
  silentAfter: 5,
};

/** What a proxy asks before it sends a request to a next hop, and tells it of what became of it. */
export interface HopGuard {
  verdict(where: Destination | Flow, request: SipMessage, source: Flow): HopVerdict;
  failed(where: Destination | Flow): void;
  answered(where: Destination | Flow): void;
}

/** RFC 7339 at the transaction layer: the four parameters of Via, in both roles, with neighbours that are known. */
export class Signalling implements HopGuard {
  /** Whether the far side of a flow is a neighbour: nobody else is told anything, or believed. RFC 7339 5.2, 11 */
  knows: (flow: Flow) => boolean = () => false;
  classOf: (request: SipMessage, flow: Flow) => LoadClass = () => 'emergency';

  readonly feedback: Feedback;
  readonly nextHops: NextHops;
  #granted: string | undefined;

  constructor(
    private readonly clock: Clock,
    settings: Partial<SignallingSettings> = {},
    random?: () => number,
  ) {
    const all = { ...defaultSignallingSettings, ...settings };
    this.feedback = new Feedback(all, clock.wall());
    this.nextHops = new NextHops(all, random);
  }

  /** RFC 7339 4.1, 4.2, 5.1: for our Via of a request that goes there. */
  offer(flow: Flow): string {
    return this.knows(flow) ? ';oc;oc-algo="loss,rate"' : '';
  }

  /** A response with this topmost Via, which is ours. RFC 7339 5.4 */
  heard(via: Via, flow: Flow): void {
    if (!via.params.has('oc') && !via.params.has('oc-validity')) return;
    const said = feedbackOf(via.params);
    if (said && this.knows(flow)) this.nextHops.heard(keyOf(flow), said, this.clock.now());
  }

  /** The client of a request, if it takes part. */
  clientOf(via: Via, flow: Flow): OcClient | undefined {
    if (!via.params.has('oc') || !this.knows(flow)) return undefined;
    return this.feedback.clientOf(via, flow, this.clock.now());
  }

  /** RFC 7339 5.2 */
  textFor(client: OcClient): string {
    return this.feedback.textFor(client);
  }

  /**
   * Whether one of these next hops may have a new request, the first that may. It is decided once: the same request is
   * sent there without being asked about again, as long as that happens in the same turn.
   */
  admits(load: LoadClass, wheres: readonly Destination[]): boolean {
    this.#granted = undefined;
    let isSilent = wheres.length === 0;
    for (const where of wheres) {
      const key = keyOf(where);
      const verdict = this.nextHops.verdict(key, load, this.clock.now());
      if (verdict === 'send') {
        this.#granted = key;
        return true;
      }
      if (verdict === 'silent') isSilent = true;
    }
    // One that does not answer has asked for nothing: the call goes on to whoever stands in for it.
    return isSilent;
  }

  verdict(where: Destination | Flow, request: SipMessage, source: Flow): HopVerdict {
    const key = keyOf(where);
    const granted = this.#granted;
    if (granted !== undefined) {
      if (granted !== key) return this.nextHops.isLimited(key, this.clock.now()) ? 'held' : 'send';
      this.#granted = undefined;
      return 'send';
    }
    return this.nextHops.verdict(key, this.classOf(request, source), this.clock.now());
  }

  failed(where: Destination | Flow): void {
    if (!isFlow(where)) this.nextHops.failed(keyOf(where), this.clock.now());
  }

  answered(where: Destination | Flow): void {
    if (!isFlow(where)) this.nextHops.answered(keyOf(where));
  }
}

/** RFC 7339 5.4: by address and port. */
function keyOf(where: Destination | Flow): string {
  return isFlow(where) ? `${where.remoteAddress}:${where.remotePort}` : `${where.address}:${where.port}`;
}
