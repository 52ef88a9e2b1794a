import type { SipMessage } from '../codec/sip-message.js';
import { answerDigest, strongestChallenge } from '../registrar/digest.js';

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** The header that answers a 401 or 407, or undefined where it has no challenge we know. RFC 3261 22.2, 22.3 */
export function challengeAnswer(
  response: SipMessage,
  method: string,
  uri: string,
  body: Buffer | string | undefined,
  credentials: Credentials,
): [string, string] | undefined {
  const { status } = response;
  if (status !== 401 && status !== 407) return undefined;
  const [asked, answered] =
    status === 401 ? ['WWW-Authenticate', 'Authorization'] : ['Proxy-Authenticate', 'Proxy-Authorization'];
  const challenge = strongestChallenge(response.headerLines(asked!));
  if (challenge === undefined) return undefined;
  const value = answerDigest(challenge, {
    ...credentials,
    method,
    uri,
    ...(body === undefined ? undefined : { body }),
  });
  return value === '' ? undefined : [answered!, value];
}
