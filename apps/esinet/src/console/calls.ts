import { type Explanation, Explanations, type Replay, listed, withReplay } from '@esinet/element-esrp';
import type { Bus, RunningElement, Subscription } from '@esinet/platform';

/** What the border decided about one message of a call. Holds nothing of what was written or where the caller is. */
export interface Screened {
  readonly at: string;
  readonly callId?: string;
  readonly method: string;
  readonly side: string;
  readonly listener: string;
  readonly peer?: string;
  readonly traffic: string;
  readonly decision: string;
  readonly status?: number;
  readonly why: string;
}

/** All that is known of one call. */
export interface CallExplanation {
  readonly callId?: string;
  /** Of the border, the first ones of the call. */
  readonly screened: readonly Screened[];
  /** Of the routing proxy, the first first. */
  readonly decisions: readonly (Explanation & { readonly replay?: Replay })[];
}

/** Calls whose screenings are remembered, and how many of each. */
const maxCalls = 10_000;
const maxOfCall = 20;

/** The decisions of the elements of this process about calls, put together. */
export class Calls {
  readonly #screened = new Map<string, Screened[]>();
  readonly #subscription: Subscription | undefined;

  constructor(
    private readonly elements: ReadonlyMap<string, RunningElement>,
    bus: Bus | undefined,
  ) {
    this.#subscription = bus?.subscribe('events.bcf.screened', (event) => this.#remember(event as Screened));
  }

  /** By Call Identifier or SIP Call-ID, with what the policies of now would do if asked for; undefined where nothing is known of it. */
  explanation(id: string, o: { readonly replay: boolean }): CallExplanation | undefined {
    const explanations = this.#explanations();
    const kept = explanations?.of(id) ?? [];
    const decisions = o.replay && explanations ? withReplay(explanations, kept) : kept;
    const callId =
      decisions.find((each) => each.callId !== undefined)?.callId ??
      (this.#screened.has(id) ? id : undefined);
    const screened = callId === undefined ? [] : (this.#screened.get(callId) ?? []);
    if (decisions.length === 0 && screened.length === 0) return undefined;
    return { ...(callId !== undefined && { callId }), screened, decisions };
  }

  /** The latest decisions of the routing proxy, the newest first, without personal data. */
  recent(limit: string | null): object[] {
    const explanations = this.#explanations();
    return explanations ? listed(explanations, limit) : [];
  }

  close(): void {
    this.#subscription?.unsubscribe();
  }

  #explanations(): Explanations | undefined {
    return this.elements.get('esrp')?.get<Explanations>(Explanations);
  }

  #remember(event: Screened): void {
    const { callId } = event;
    if (callId === undefined) return;
    const before = this.#screened.get(callId);
    if (before) {
      if (before.length < maxOfCall) before.push(event);
      return;
    }
    this.#screened.set(callId, [event]);
    if (this.#screened.size <= maxCalls) return;
    for (const oldest of this.#screened.keys()) {
      this.#screened.delete(oldest);
      break;
    }
  }
}
