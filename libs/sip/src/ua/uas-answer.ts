/** The answer of a user agent server. */
export interface UasAnswer {
  readonly status: number;
  readonly reason?: string;
  readonly headers?: readonly (readonly [string, string])[];
  readonly body?: Buffer | string;
  /** The tag of To, where the answer makes a dialog; else one is made up. RFC 3261 12.1.1 */
  readonly toTag?: string;
  /** Called once the answer has been given: for what must not overtake it. */
  readonly sent?: () => void;
}
