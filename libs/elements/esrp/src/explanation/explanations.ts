import type { Clock, Timer } from '@esinet/kernel';
import type { PolicyVerdict } from '@esinet/policy';
import type { RecordedFacts } from './recorded-facts.js';
import type { RouteExplanation } from './route-explanation.js';

/** What goes on the bus of a decision: nothing of who calls, from where, or what was said. */
export interface RoutedEvent extends RouteExplanation {
  /** ISO time. */
  readonly at: string;
  readonly element: 'esrp';
  /** The Call Identifier of TS 103 698. */
  readonly callId?: string;
  readonly method: string;
  readonly tookMs: number;
}

/** What became of the call. */
export interface CallOutcome {
  /** ISO time. */
  readonly at: string;
  /** The status that went upstream. */
  readonly status: number;
  /** The next hop that gave it; absent where none did. */
  readonly uri?: string;
  /** Next hops that were tried before and failed. */
  readonly failed?: readonly { readonly uri: string; readonly status: number }[];
}

/** One decision as the operator sees it. */
export interface Explanation extends RoutedEvent {
  /** Of the SIP message. */
  readonly sipCallId?: string;
  readonly verdict?: PolicyVerdict;
  /** Absent where it is not kept. */
  readonly facts?: RecordedFacts;
  readonly outcome?: CallOutcome;
}

/** What the policies of now would do with a call that was. */
export interface Replay {
  readonly nextHops: readonly string[];
  /** Whether it would go the same way. */
  readonly same: boolean;
}

type Kept = { -readonly [K in keyof Explanation]: Explanation[K] };

/** A timer of JavaScript knows 31 bits. */
const longestTimerMs = 2_147_483_647;

/**
 * The latest decisions about emergencies, found by Call Identifier or SIP Call-ID. Bounded in number and age: what is
 * beyond either is gone, with all the personal data in it.
 */
export class Explanations {
  /** In the order in which they were made. */
  readonly #all = new Set<Kept>();
  readonly #byId = new Map<string, Set<Kept>>();
  #timer: Timer | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly o: {
      readonly max: number;
      readonly keepMs: number;
      /** The next hops that the policies of now give; `busy` for none. */
      readonly decide?: (facts: RecordedFacts) => readonly string[];
    },
  ) {}

  get size(): number {
    this.#expire();
    return this.#all.size;
  }

  /** Keeps one; gives the way to add what became of it. */
  add(explanation: Explanation): (outcome: CallOutcome) => void {
    if (this.o.max === 0) return () => undefined;
    const kept: Kept = { ...explanation };
    this.#all.add(kept);
    for (const id of idsOf(kept)) {
      const same = this.#byId.get(id);
      if (same) same.add(kept);
      else this.#byId.set(id, new Set([kept]));
    }
    this.#expire();
    this.#wake();
    return (outcome) => void (kept.outcome = outcome);
  }

  /** All decisions about one call, the first first. */
  of(id: string): Explanation[] {
    this.#expire();
    return [...(this.#byId.get(id) ?? [])];
  }

  /** What would become of it now: other policies, the same call. Undefined where its facts are not kept. */
  replay({ facts, nextHops }: Explanation): Replay | undefined {
    if (!facts || !this.o.decide) return undefined;
    const now = this.o.decide(facts);
    const then = nextHops?.map(({ uri }) => uri) ?? ['busy'];
    return { nextHops: now, same: now.join(' ') === then.join(' ') };
  }

  /** The latest ones, the newest first. */
  recent(limit: number): Explanation[] {
    this.#expire();
    return [...this.#all].reverse().slice(0, limit);
  }

  /** Forgets everything. */
  close(): void {
    this.#timer?.cancel();
    this.#all.clear();
    this.#byId.clear();
  }

  /** What is too old goes although nobody asks and no call comes. */
  #wake(): void {
    this.#timer ??= this.clock.after(Math.min(this.o.keepMs, longestTimerMs), () => {
      this.#timer = undefined;
      this.#expire();
      if (this.#all.size > 0) this.#wake();
    });
  }

  #expire(): void {
    const oldest = this.clock.wall() - this.o.keepMs;
    for (const kept of this.#all) {
      if (this.#all.size <= this.o.max && Date.parse(kept.at) >= oldest) return;
      this.#all.delete(kept);
      for (const id of idsOf(kept)) {
        const same = this.#byId.get(id);
        same?.delete(kept);
        if (same?.size === 0) this.#byId.delete(id);
      }
    }
  }
}

function idsOf({ callId, sipCallId }: Explanation): string[] {
  return [...new Set([callId, sipCallId].filter((id) => id !== undefined))];
}
