import { type NextHop, towards } from '@esinet/platform';
import type { ForwardTarget } from '@esinet/sip';
import type { Source } from './policy.js';
import type { ScreenContext } from './screen.js';

/** A target for a next hop: it is reached from the listener of its side and transport. */
export function by(
  context: Pick<ScreenContext, 'listenerOf'>,
  side: Source['side'],
  hop: NextHop,
): ForwardTarget {
  const listener = context.listenerOf(side, hop.transport);
  const target = towards(hop);
  return listener === undefined ? target : { ...target, listener };
}
