import { type NextHop, towards } from '@esinet/platform';
import type { ForwardDecision, ForwardTarget, HeaderEdit, SipMessage } from '@esinet/sip';
import { type ChatFlow, privateIdentity } from './chat-flow.js';
import type { Source } from './policy.js';
import type { ScreenContext } from './screen.js';
import { relayedBy } from './siblings.js';

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

/**
 * The ways out for one request, in the order in which they are tried. A sibling gets it as it came in, with a word that it
 * did: it translates and polices it itself, and passes it to nobody but the caller.
 */
export class WaysOut {
  /** Which of the targets is which way back. */
  readonly ways: (ChatFlow | undefined)[] = [];
  readonly #targets: { readonly target: ForwardTarget; readonly sibling: boolean }[] = [];
  readonly #relayed: boolean;

  constructor(
    private readonly request: SipMessage,
    private readonly source: Source,
    private readonly context: Pick<ScreenContext, 'hops' | 'instance' | 'listenerOf'>,
  ) {
    this.#relayed = source.side === 'private' && request.has(relayedBy);
  }

  add(target: ForwardTarget, flow?: ChatFlow, sibling = false): void {
    this.#targets.push({ target, sibling });
    this.ways.push(flow);
  }

  /** All ways back to where a chat came from. */
  addChat(flow: ChatFlow): void {
    const { request, context } = this;
    const edits = privateIdentity(request);
    for (const { sibling, ...way } of context.hops.back(flow, { throughSiblings: !this.#relayed })) {
      if (sibling) this.#addSibling(way, flow);
      else this.add({ ...way, edits }, flow);
    }
  }

  /** Every other border, for what comes from inside. */
  addSiblings(): void {
    if (this.source.side !== 'private' || this.#relayed) return;
    for (const hop of this.context.hops.siblings()) this.#addSibling(by(this.context, 'private', hop));
  }

  #addSibling(way: ForwardTarget, flow?: ChatFlow): void {
    const edits = [{ op: 'append', name: relayedBy, value: this.context.instance }] as const;
    this.add({ ...way, edits }, flow, true);
  }

  /** `edits`: what is changed in whatever leaves here for outside. */
  decided(edits: readonly HeaderEdit[]): Pick<ForwardDecision, 'targets' | 'edits' | 'failoverOn'> {
    const outside: readonly HeaderEdit[] = this.request.has(relayedBy)
      ? [...edits, { op: 'remove', name: relayedBy }]
      : edits;
    if (!this.#targets.some(({ sibling }) => sibling))
      return { targets: this.#targets.map(({ target }) => target), edits: outside };
    return {
      targets: this.#targets.map(({ target, sibling }) =>
        sibling ? target : { ...target, edits: [...outside, ...(target.edits ?? [])] },
      ),
      // The connection is gone there as well, or the chat is not known there: the next way.
      failoverOn: (status) => status === 480 || status === 404,
    };
  }
}
