/** What a set of policies says about one call. Plain data: an explanation holds it, a replay compares it. */
export interface PolicyVerdict {
  readonly outcome:
    | {
        readonly kind: 'route';
        readonly recipientUri: string;
        readonly cause?: string;
        /** Seconds until the next way is tried. */ readonly rnaTimer?: number;
      }
    | { readonly kind: 'busy' }
    /** No rule decided: the normal next hop. */
    | { readonly kind: 'none' };
  /** The rule that decided. */
  readonly decidedBy?: { readonly policy: string; readonly rule: string; readonly priority: number };
  /** Every rule looked at, in order; long lists are cut. `failed`: the condition that was not true. */
  readonly trail: readonly {
    readonly policy: string;
    readonly rule: string;
    readonly matched: boolean;
    readonly failed?: string;
    /** How many invocations deep; absent where none. */
    readonly depth?: number;
  }[];
  readonly notify: readonly {
    /** '' means everybody who subscribed to the event code. */
    readonly recipientUri: string;
    readonly eventCode: string;
    readonly urgency?: number;
    readonly comment?: string;
  }[];
  readonly log: readonly { readonly message: string }[];
}
