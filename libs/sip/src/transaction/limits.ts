/** Bounds of the transaction layer; all configurable. */
export interface TransactionLimits {
  /**
   * Server transactions, and as many client transactions, held at once. Over UDP each stays for 64*T1 = 32 s, so the
   * default carries 12,500 new requests a second.
   */
  readonly maxTransactions: number;
  /**
   * The answer when that many are held. Not 503: an upstream element that takes 503 for the whole server being down
   * would stop sending (TS 103 698 6.1.2.9). 480 makes it try another way for this request only.
   */
  readonly fullStatus: number;
  /**
   * Percent of the table that are kept for requests with priority (RFC 4412, TS 103 698 6.1.2.5): where it gets crowded, the
   * others give way. No request waits in a queue here, so there is no other order to keep.
   */
  readonly reservedPercent: number;
}

export const defaultTransactionLimits: TransactionLimits = {
  maxTransactions: 400_000,
  fullStatus: 480,
  reservedPercent: 10,
};
