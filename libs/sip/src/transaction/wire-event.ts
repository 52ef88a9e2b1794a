import type { Flow } from '../transport/flow.js';

/** One message as it came or went, for call ladders. Holds personal data: `bytes` must not be logged. */
export interface WireEvent {
  readonly direction: 'in' | 'out';
  readonly flow: Flow;
  readonly bytes: Buffer;
  /** Wall clock, ms. */
  readonly at: number;
}
