import type { HeaderEdit } from '../codec/edit.js';
import type { SipMessage } from '../codec/sip-message.js';

/** A datagram may go without; on a stream its end would be lost, and with it the messages after it. RFC 3261 18.3 */
export function lacksLength(message: SipMessage): boolean {
  return message.index.contentLength < 0;
}

/** RFC 3261 16.6 step 9, 20.14 */
export function lengthOf(message: SipMessage): HeaderEdit {
  return { op: 'set', name: 'Content-Length', value: String(message.body.length) };
}
