import type { SipMessage } from '../codec/sip-message.js';
import type { Flow } from '../transport/flow.js';
import { forwarding, isRoutableScheme } from './forward-request.js';
import type { ProxySettings } from './proxy-settings.js';
import type { ForwardDecision } from './route-decision.js';

/** Forwards a request that has no transaction: an ACK for a 2xx. RFC 3261 16.11 */
export async function forwardStateless(
  settings: ProxySettings,
  request: SipMessage,
  flow: Flow,
  decision: ForwardDecision,
): Promise<void> {
  const target = decision.targets[0];
  if (!target) return;
  const { nextHopUri, compose } = forwarding(request, flow, decision, target, []);
  const located =
    nextHopUri !== undefined && isRoutableScheme(nextHopUri) ? await settings.locator.locate(nextHopUri) : [];
  const [found] = settings.failures.lastTried(located, (each) => each);
  const { authority } = target;
  const destination =
    target.destination ?? (found && authority !== undefined ? { ...found, authority } : found);
  if (!destination) return;
  settings.transactions.sendStateless({
    bytes: compose,
    destination,
    branch: settings.transactions.branchFor(request, 0),
    ...(target.listener === undefined ? undefined : { listener: target.listener }),
  });
}
