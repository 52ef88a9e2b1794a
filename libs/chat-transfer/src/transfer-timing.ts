/** Times of both machines. Milliseconds, where the name does not say seconds. */
export interface TransferTiming {
  /** For the APP to answer the 266. Beyond it the transferee is asked nothing and the chat goes on as it was. */
  readonly stallMs: number;
  /** ExpiryTime of our execution requests. */
  readonly executionSeconds: number;
  /** ExpiryTime of our consent to take a chat. */
  readonly negotiationSeconds: number;
  /** For a call taker to consent; then the answer is 406. */
  readonly decideMs: number;
  /** For the transferee to say what became of it, when the execution has expired without an answer. */
  readonly askMs: number;
  /** Pause before a request that failed is sent again; while messages are passed on it doubles. */
  readonly retryMs: number;
  readonly maxRetryMs: number;
  /** Pause before a 265 goes out again that the APP answered neither 2xx nor 403. */
  readonly againMs: number;
  /** How long that goes on. */
  readonly giveUpMs: number;
  /** How long messages that came after the chat was handed over are offered to the transferee. */
  readonly passOnMs: number;
}

export const transferTiming: TransferTiming = {
  stallMs: 5_000,
  executionSeconds: 15,
  negotiationSeconds: 60,
  decideMs: 30_000,
  askMs: 3_000,
  retryMs: 1_000,
  maxRetryMs: 60_000,
  againMs: 30_000,
  giveUpMs: 3_600_000,
  passOnMs: 86_400_000,
};
