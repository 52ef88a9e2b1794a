import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { type Result, err, ok } from '@esinet/kernel';
import { parseUri } from '@esinet/sip';
import type { HashAlgorithm, HashConstruct, Selector, SelectorHash } from './model.js';

/**
 * The one form of a selector by which records are compared: telephone numbers without separators, host names in small
 * letters, no parameters and no headers. What could stand for several is refused.
 */
export function canonicalSelector(kind: Selector['kind'], text: string): Result<Selector, string> {
  const value = text.trim();
  if (value === '') return err('a selector is empty');
  if (value.length > 512) return err('a selector has at most 512 characters');
  if (hasWildcard(value)) return err('a selector names one party or call exactly: it has no wildcard');
  if (kind === 'call-id') {
    return /^urn:emergency:uid:callid:[^\s:]{1,200}:[^\s:]{1,253}$/i.test(value)
      ? ok({ kind, value })
      : err('expected a Call Identifier such as urn:emergency:uid:callid:a56e556d871x:app.example');
  }
  const uri = canonicalUri(value);
  return uri === undefined
    ? err('expected a tel: number with its country code, or a sip: URI of one user')
    : ok({ kind, value: uri });
}

/** A SIP or telephone URI as it is compared, or undefined where it names nobody. */
export function canonicalUri(text: string): string | undefined {
  const tel = /^tel:([^;]*)/i.exec(text);
  if (tel) return telephone(tel[1] ?? '');
  const uri = parseUri(text);
  if (!uri || (uri.scheme !== 'sip' && uri.scheme !== 'sips')) return undefined;
  const user = uri.user;
  if (user === undefined || user === '') return undefined;
  // RFC 3261 19.1.6: a number in the user part is the number.
  const number = /;user=phone\b/i.test(text) ? telephone(user.split(';', 1)[0] ?? '') : undefined;
  return number ?? `sip:${user}@${uri.host.toLowerCase()}`;
}

function telephone(text: string): string | undefined {
  const digits = text.replace(/[-.()\s]/g, '');
  return /^\+\d{3,15}$/.test(digits) ? `tel:${digits}` : undefined;
}

function hasWildcard(value: string): boolean {
  return /[*?%_[\]{}|\\^$]/.test(value.replace(/^sips?:[^@]*@/i, (user) => user.replace(/_/g, '')));
}

/** TS 103 707 D.4: what an authority sends along to prove that a selector is the one it means. */
export function selectorDigest(
  selector: Pick<Selector, 'value'>,
  o: { readonly algorithm: HashAlgorithm; readonly construct: HashConstruct; readonly salt: string },
): string {
  const name = { 'sha-256': 'sha256', 'sha-512': 'sha512', 'sha3-512': 'sha3-512' }[o.algorithm];
  const salt = Buffer.from(o.salt, 'hex');
  const value = Buffer.from(selector.value, 'utf8');
  if (o.construct === 'hmac') return createHmac(name, salt).update(value).digest('hex');
  const parts = o.construct === 'salt-prefix' ? [salt, value] : [value, salt];
  return createHash(name).update(Buffer.concat(parts)).digest('hex');
}

/** Whether a digest is that of the selector, in the same time whatever it is. */
export function isDigestOf(selector: Selector, hash: SelectorHash): boolean {
  if (hash.salt === undefined || !isSalt(hash.salt)) return false;
  const expected = Buffer.from(selectorDigest(selector, { ...hash, salt: hash.salt }), 'hex');
  const given = Buffer.from(hash.digest, 'hex');
  return given.length === expected.length && timingSafeEqual(given, expected);
}

/** 16 to 64 octets in hexadecimal. */
export function isSalt(salt: string): boolean {
  return /^(?:[0-9a-f]{2}){16,64}$/i.test(salt);
}
