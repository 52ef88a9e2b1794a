import type { SipMessage } from '../codec/sip-message.js';

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** The header that answers a 401 or 407, or undefined where there is none to answer. RFC 3261 22.2, 22.3 */
export function challengeAnswer(
  _response: SipMessage,
  _method: string,
  _uri: string,
  _body: Buffer | string | undefined,
  _credentials: Credentials,
): [string, string] | undefined {
  return undefined;
}
