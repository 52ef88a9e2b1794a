import { isEmergencyService } from '@esinet/lmpe';
import { parseUri } from '@esinet/sip';
import type { BorderPolicy } from './policy.js';

/** The emergency service a Request-URI asks for. */
export interface EmergencyTarget {
  /** The Request-URI the call travels on with: a service URN. */
  readonly requestUri: string;
  readonly test: boolean;
  /** The Request-URI was a number and has been replaced. */
  readonly retargeted: boolean;
}

/** A dial string with these in it is the same number. RFC 3966 5.1.1 */
const visualSeparators = new Set(['-', '.', '(', ')', ' ']);

/**
 * The service a Request-URI names, or undefined. Accepted are service URNs (RFC 5031), `tel:112`, `sip:112@domain`,
 * the URN as a user part (user agents that cannot target a URN), and the bare numbers some test suites send.
 */
export function emergencyTarget(requestUri: string, policy: BorderPolicy): EmergencyTarget | undefined {
  const service = isEmergencyService(requestUri);
  if (service) return { requestUri, test: service.test, retargeted: false };

  const spelled = requestUri.toLowerCase();
  const bare = spelled.startsWith('urn:service:') ? spelled.slice('urn:service:'.length) : spelled;
  const bareUrn = policy.numbers.get(bare);
  if (bareUrn !== undefined) return numbered(bareUrn);

  const uri = parseUri(requestUri);
  if (!uri) return undefined;
  if (uri.scheme === 'tel') return byNumber(uri.opaque ?? uri.text.slice(4), policy);
  if (uri.scheme !== 'sip' && uri.scheme !== 'sips') return undefined;
  if (policy.numberDomains !== '*' && !policy.numberDomains.has(uri.host)) return undefined;
  // `sip:112` names a host, and no host of the Internet is called that.
  const user = unescaped(uri.user ?? uri.host);
  const urn = isEmergencyService(user);
  if (urn) return { requestUri: user, test: urn.test, retargeted: true };
  return byNumber(user, policy);
}

function byNumber(text: string, policy: BorderPolicy): EmergencyTarget | undefined {
  const end = text.indexOf(';');
  let number = '';
  for (const character of end < 0 ? text : text.slice(0, end)) {
    if (!visualSeparators.has(character)) number += character;
  }
  const urn = policy.numbers.get(number);
  return urn === undefined ? undefined : numbered(urn);
}

function numbered(urn: string): EmergencyTarget {
  return { requestUri: urn, test: isEmergencyService(urn)?.test ?? false, retargeted: true };
}

function unescaped(user: string): string {
  if (!user.includes('%')) return user;
  try {
    const text = decodeURIComponent(user);
    // What is unescaped may become a Request-URI: only what can stand in one is taken.
    return /^[\x21-\x7e]*$/.test(text) ? text : user;
  } catch {
    return user;
  }
}
