import { isEmergencyService } from '@esinet/lmpe';
import { type EdgeOverload, type NextHop, type OverloadConfig } from '@esinet/platform';
import type { Destination, Flow, LoadClass, SipMessage, TransportLayer } from '@esinet/sip';
import { emergencyTarget } from './emergency-target.js';
import type { BorderPolicy, Source } from './policy.js';

export interface OverloadPorts {
  readonly classOf: (request: SipMessage, flow: Flow) => LoadClass;
  readonly sourceOf: (flow: Flow) => Source;
  readonly policy: BorderPolicy;
  readonly transport: Pick<TransportLayer, 'doorkeeper'>;
  /** Whether a chat runs with this identifier and this user that came in there. */
  readonly isRunning: (callId: string, from: string, listener: string, address: string) => boolean;
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
  { classOf, sourceOf, esrps, policy, transport, isRunning }: OverloadPorts,
): void {
  if (!overload) return;
  const { control, signalling, unread } = overload;
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
  if (unread) {
    // Who is named is somebody to talk with: it carries the calls of many.
    const talks = new Set([...config.unavailable, ...config.neighbours]);
    // Over UDP nobody shows who it is: what comes in at the public side is a stranger's.
    unread.isWatched = (listener, address) => listener.startsWith('public-') && !talks.has(address);
    unread.classOf = (requestUri) => {
      const target = emergencyTarget(requestUri, policy);
      return target && (target.test ? 'other' : 'emergency');
    };
    unread.isRunning = isRunning;
    control.onTaken = (request) => unread.took(request.bytes);
    transport.doorkeeper = unread;
  }
  if (!signalling) return;
  const isNeighbour = named(config.neighbours);
  signalling.classOf = classOf;
  signalling.knows = (flow) => flow.listener.startsWith('private-') || isNeighbour(flow);
  control.door = {
    get isWatched() {
      return signalling.nextHops.isControlled;
    },
    holds: (load, requestUri) => {
      // The rest does not go to an ESRP, or is refused in any case.
      if (load !== 'emergency' && !isEmergencyService(requestUri)) return false;
      return !signalling.admits(load, esrps().flatMap(literal));
    },
  };
}

/** A next hop by address; where one by name is to be found is known only when the request goes out. */
function literal(hop: NextHop): Destination[] {
  return 'uri' in hop ? [] : [hop];
}
