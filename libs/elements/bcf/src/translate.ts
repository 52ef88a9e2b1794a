import { type HeaderEdit, parseNameAddr, parseUri, type SipMessage } from '@esinet/sip';
import type { BorderPolicy } from './policy.js';

/** A domain and what it is called on the other side (TS 103 698 D.1). */
export interface Translation {
  readonly from: string;
  readonly to: string;
}

/** As a border does it in one direction: the header fields in which it does. */
export interface HeaderTranslation extends Translation {
  readonly headers: readonly string[];
}

/** From inside to outside: PSAPs get their public name. */
export function outwards(policy: BorderPolicy): HeaderTranslation {
  return { from: policy.privateDomain, to: policy.publicDomain, headers: policy.translate.outwards };
}

/** From outside to inside. */
export function inwards(policy: BorderPolicy): HeaderTranslation {
  return { from: policy.publicDomain, to: policy.privateDomain, headers: policy.translate.inwards };
}

/** `uri` with its host, and the port that goes with it, replaced if the host is the one to translate. */
export function translateUri(uri: string, translation: Translation): string {
  const parsed = parseUri(uri);
  if (!parsed || (parsed.scheme !== 'sip' && parsed.scheme !== 'sips') || parsed.host !== translation.from)
    return uri;
  // The first "@" ends the userinfo, as for the parser.
  const start = Math.max(uri.indexOf('@'), uri.indexOf(':')) + 1;
  let end = start;
  while (end < uri.length && !';?'.includes(uri[end] ?? ';')) end += 1;
  return uri.slice(0, start) + translation.to + uri.slice(end);
}

/** The same for one value of a header field made of name-addrs: display name and parameters stay as they are. */
export function translateValue(value: string, translation: Translation): string {
  const address = parseNameAddr(value);
  if (!address) return value;
  const uri = translateUri(address.uri, translation);
  if (uri === address.uri) return value;
  const open = value.indexOf(`<${address.uri}`);
  const start = open < 0 ? value.indexOf(address.uri) : open + 1;
  if (start < 0) return value;
  return value.slice(0, start) + uri + value.slice(start + address.uri.length);
}

/** Edits that translate the header fields of a message, apart from those that edits `before` them deal with. */
export function translateHeaders(
  message: SipMessage,
  translation: HeaderTranslation,
  before: readonly { readonly name: string }[] = [],
): HeaderEdit[] {
  const edits: HeaderEdit[] = [];
  for (const name of translation.headers) {
    if (!message.has(name) || before.some((edit) => edit.name.toLowerCase() === name.toLowerCase())) continue;
    const values = message.values(name);
    const after = values.map((value) => translateValue(value, translation));
    if (after.some((value, i) => value !== values[i])) edits.push({ op: 'set-lines', name, values: after });
  }
  return edits;
}
