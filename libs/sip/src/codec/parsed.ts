import type { SipMessage } from './sip-message.js';

/** What was read from the wire. */
export type Parsed =
  | { readonly kind: 'message'; readonly message: SipMessage }
  /** `reply`: what the peer's keep-alive asks for (RFC 5626 3.5.1). */
  | { readonly kind: 'keepalive'; readonly reply?: Buffer }
  /**
   * `status`: the answer it deserves, 0 to discard it silently: what is no request, an ACK, or has no Via to send an
   * answer by. `message` is there whenever `status` is not 0, and sometimes when it is.
   */
  | {
      readonly kind: 'invalid';
      readonly status: number;
      readonly reason: string;
      readonly message?: SipMessage;
    };
