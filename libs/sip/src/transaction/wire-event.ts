import type { SipMessage } from '../codec/sip-message.js';
import type { Flow } from '../transport/flow.js';

/** One message as it came or went, for call ladders. Holds personal data: `bytes` must not be logged. */
export interface WireEvent {
  readonly direction: 'in' | 'out';
  readonly flow: Flow;
  readonly bytes: Buffer;
  /** Wall clock, ms. */
  readonly at: number;
}

/** Is told of every message, retransmissions included, at no cost but its own: to count. It must not throw. */
export interface WireMeter {
  received(message: SipMessage, flow: Flow): void;
  sent(bytes: Buffer, flow: Flow): void;
}
