import { isEmergencyService } from '@esinet/lmpe';
import { type EdgeOverload, type NextHop, type OverloadConfig } from '@esinet/platform';
import type { Destination, Flow, LoadClass, SipMessage } from '@esinet/sip';
import type { Source } from './policy.js';

export interface OverloadPorts {
  readonly classOf: (request: SipMessage, flow: Flow) => LoadClass;
  readonly sourceOf: (flow: Flow) => Source;
  /** In the order they are tried. */
  readonly esrps: () => readonly NextHop[];
}

/**
 * What is peculiar to a border: all inside are neighbours in the sense of RFC 7339, outside only those that are named;
 * and a start is refused at the door where every ESRP has asked for less.
 */
export function controlOverload(
  overload: EdgeOverload | undefined,
  config: OverloadConfig,
  { classOf, sourceOf, esrps }: OverloadPorts,
): void {
  if (!overload) return;
  const { control, signalling } = overload;
  const named = (list: readonly string[]) => {
    const names = new Set(list);
    return (flow: Flow): boolean => {
      if (names.size === 0) return false;
      const peer = sourceOf(flow).peer;
      return names.has(flow.remoteAddress) || (peer?.trusted === true && names.has(peer.name));
    };
  };
  control.classOf = classOf;
  control.sourceOf = (flow) => {
    const { side, peer } = sourceOf(flow);
    return side === 'private' || peer?.trusted ? undefined : flow.remoteAddress;
  };
  control.copesWith503 = named(config.unavailable);
  if (!signalling) return;
  const isNeighbour = named(config.neighbours);
  signalling.classOf = classOf;
  signalling.knows = (flow) => flow.listener.startsWith('private-') || isNeighbour(flow);
  control.door = {
    get isWatched() {
      return signalling.nextHops.isControlled;
    },
    holds: (load, request) => {
      // The rest does not go to an ESRP, or is refused in any case.
      if (load !== 'emergency' && !isEmergencyService(request.requestUri)) return false;
      return !signalling.admits(load, esrps().flatMap(literal));
    },
  };
}

/** A next hop by address; where one by name is to be found is known only when the request goes out. */
function literal(hop: NextHop): Destination[] {
  return 'uri' in hop ? [] : [hop];
}
