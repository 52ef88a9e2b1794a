// What the hand-over desk answers, as far as people are shown it.

export interface DeskAuthority {
  readonly id: string;
  readonly name: string;
  readonly deliveryUrl: string;
  readonly objectsUrl?: string;
  readonly certificates: readonly string[];
  readonly profile: {
    readonly specification: string;
    readonly reference: string;
    readonly binary: string;
    readonly etsiVersion: string;
    readonly collections: boolean;
  };
  readonly paused?: string;
}

export interface DeskSeal {
  readonly id: string;
  readonly transactionId: string;
  readonly digest: string;
  readonly bytes: number;
  readonly items: number;
  readonly objects: readonly {
    readonly id: string;
    readonly contentType: string;
    readonly bytes: number;
    readonly digest: string;
  }[];
}

/** What is told of every case, closed ones too. */
export interface DeskCaseHead {
  readonly id: string;
  readonly phase: string;
  readonly authority?: string;
  readonly reference?: string;
  readonly createdAt: string;
}

/** A case as the desk shows it; of a closed one only the head is left. */
export interface DeskCase extends DeskCaseHead {
  readonly createdBy?: string;
  readonly reviewedBy?: string;
  readonly authorisation?: {
    readonly reference: { readonly kind: string; readonly value: string };
    readonly authority: string;
    readonly legalReference: string;
    /** How many, to those whom the names are not for. */
    readonly selectors: number | readonly { readonly kind: string; readonly value: string }[];
    readonly categories: readonly string[];
    readonly range: { readonly from: string; readonly until: string };
    readonly validity: { readonly from: string; readonly until: string };
    readonly includeTests?: boolean;
    readonly reviewBatches?: boolean;
    /** Records are handed over as they come: what is approved is the order itself. */
    readonly running?: boolean;
  };
  /** TS 103 707 D.4; the salt is told once, when the case is made. */
  readonly hash?: {
    readonly algorithm: string;
    readonly construct: string;
    readonly salt?: string;
    readonly digest: string;
  };
  /** What an approval is for. */
  readonly digest?: string;
  readonly seals?: readonly DeskSeal[];
  readonly approvals?: readonly { readonly by: string; readonly at: string; readonly of: string }[];
}

/** One message of a snapshot as a reviewer sees it. */
export interface DeskMessage {
  readonly index: number;
  readonly scope: string;
  readonly callId?: string;
  readonly direction?: string;
  readonly kind?: string;
  readonly sender?: string;
  readonly time?: string;
  readonly text?: string;
  readonly parts?: readonly {
    readonly index?: number;
    readonly contentType: string;
    readonly bytes?: number;
  }[];
  readonly location?: {
    readonly conveyed?: string;
    readonly point?: { readonly latitude: string; readonly longitude: string };
    readonly uncertainty?: number;
    readonly method?: string;
    readonly time?: string;
    readonly uri?: string;
  };
  readonly withheld?: readonly { readonly what: string; readonly reason: string; readonly part?: number }[];
}

export interface DeskDelivery {
  readonly number: number;
  readonly kind: string;
  readonly id: string;
  readonly bytes: number;
  readonly state: string;
  readonly attempts: number;
  readonly notBefore: string;
  readonly reason?: string;
}

export interface DeskAuditEntry {
  readonly number?: number;
  readonly at?: string;
  readonly what?: string;
  readonly who?: string;
  readonly case?: string;
  readonly authority?: string;
  readonly outcome?: string;
  readonly counts?: Readonly<Record<string, number>>;
}
