import { type Clock, type Logger, randomIds } from '@esinet/kernel';
import { type NextHop, type SipEdge, towards } from '@esinet/platform';
import { UserAgent } from '@esinet/sip';
import { within } from '../within.js';

export interface OptionsProbeOptions {
  readonly edge: SipEdge;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Where requests for a domain go. */
  readonly hopsOf: (domain: string) => readonly NextHop[];
  /** Milliseconds for one answer. */
  readonly timeoutMs: number;
}

/**
 * Asks a next hop by OPTIONS whether it is there (RFC 3261 11). Any answer is a yes but 408 and 503: those say of the way
 * or of the server itself that it cannot.
 */
export function optionsProbe(o: OptionsProbeOptions): (hop: string) => Promise<boolean> {
  const agent = new UserAgent({
    transactions: o.edge.transactions,
    locator: o.edge.locator(['tls', 'tcp', 'udp']),
    clock: o.clock,
    ids: randomIds,
    logger: o.logger,
  });
  const one = async (uri: string, hop: NextHop): Promise<boolean> => {
    const { destination, nextHopUri } = towards(hop);
    const outcome = await within(o.clock, o.timeoutMs, () =>
      agent.send({
        method: 'OPTIONS',
        uri,
        from: 'sip:esrp.invalid',
        to: uri,
        ...(destination && { destination }),
        ...(nextHopUri !== undefined && { routes: [`${nextHopUri};lr`] }),
      }),
    );
    if (outcome === 'timeout' || outcome.kind !== 'response') return false;
    const isAlive = outcome.message.status !== 408 && outcome.message.status !== 503;
    // The proxy keeps a memory of its own of addresses that failed, and would try this one last for a while.
    if (isAlive && !('uri' in hop)) o.edge.answered(hop);
    return isAlive;
  };
  return async (hop) => {
    const colon = hop.startsWith('[') ? -1 : hop.indexOf(':');
    const hops = o.hopsOf(colon < 0 ? hop : hop.slice(0, colon));
    const answers = await Promise.all(hops.map((each) => one(`sip:${hop}`, each)));
    return answers.includes(true);
  };
}
