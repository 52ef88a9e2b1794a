/** The answer of a user agent server. */
export interface UasAnswer {
  readonly status: number;
  readonly reason?: string;
  readonly headers?: readonly (readonly [string, string])[];
  readonly body?: Buffer | string;
}
