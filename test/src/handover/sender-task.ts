import type { TlsOptions } from '@esinet/platform';

/** What the sender of the kill test is started with. */
export interface SenderTask {
  readonly data: string;
  /** The authority. */
  readonly url: string;
  readonly tls: TlsOptions;
  /** Fingerprint of the authority's certificate. */
  readonly pin: string;
  /** Each with an order of its own, over the chat of a caller of its own. */
  readonly cases: number;
}

export const callerOf = (number: number): string => `tel:+34600${String(number).padStart(6, '0')}`;
export const referenceOf = (number: number): string => `ES-PJ-${number}`;
