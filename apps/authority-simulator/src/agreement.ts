/** What the authority of the simulator has agreed with the provider of the records. */
export interface Agreement {
  readonly specification: '1.5.1' | '1.1.1';
  /** A: we fetch objects. B: they are sent to us. TS 103 707 Annex C */
  readonly model: 'A' | 'B';
  /** Model B: what URLs of objects begin with, ending with a slash. TS 103 707 C.3 */
  readonly objectsUrl: string;
  /** Largest document that is taken, in octets; a larger one is answered 3022. */
  readonly maxBytes: number;
}

/** Octets of an object or of a document that are read at all. */
export const mostOctets = 256 * 1_048_576;

/** Something that a delivery should not do but that is no reason to refuse it: kept for the report. */
export interface Finding {
  /** A fixed word, so that they can be counted. */
  readonly kind: string;
  /** Ids and numbers only, never content. */
  readonly message: string;
  readonly transactionId?: string;
}
