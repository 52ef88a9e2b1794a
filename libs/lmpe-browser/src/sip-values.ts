import type { AppIncoming } from '@esinet/lmpe-client';
import { type Core, URI } from 'sip.js';
import { readBody } from './read-body.js';

/** A Request-URI that goes out letter by letter as given, URNs too, which sip.js does not know (RFC 5031). */
export function exactUri(text: string, domain: string): URI {
  const exact = new URI('sip', '', domain);
  exact.toRaw = () => text;
  exact.toString = () => text;
  exact.clone = () => exact;
  return exact;
}

/** URI and tag of a From value, either form of RFC 3261 20.20. */
export function fromParts(from: string): { readonly uri: string; readonly tag?: string } {
  const open = from.indexOf('<', endOfDisplayName(from));
  const close = from.indexOf('>', open);
  const inBrackets = open >= 0 && close > open;
  const semicolon = from.indexOf(';', inBrackets ? close : 0);
  const parameters = semicolon < 0 ? '' : from.slice(semicolon + 1);
  const bare = (semicolon < 0 ? from : from.slice(0, semicolon)).trim();
  const tag = parameterOf(parameters, 'tag');
  return { uri: inBrackets ? from.slice(open + 1, close) : bare, ...(tag !== undefined && { tag }) };
}

/** Where a quoted display name ends: it may hold brackets and semicolons. */
function endOfDisplayName(from: string): number {
  const start = from.indexOf('"');
  if (start < 0 || from.slice(0, start).trim() !== '') return 0;
  for (let i = start + 1; i < from.length; i++) {
    if (from[i] === '\\') i++;
    else if (from[i] === '"') return i;
  }
  return 0;
}

/** The bare URI of an address header. */
export function addressOf(value: string): string {
  return fromParts(value).uri.trim();
}

/** Seconds the registrar gave our contact (RFC 3261 10.2.4), of all those of the user. */
export function grantedSeconds(
  contacts: readonly string[],
  expires: string | undefined,
  contact: string,
  asked: number,
): number {
  const ours = contacts.find((value) => value.includes(`sip:${contact}@`));
  const close = ours?.indexOf('>') ?? -1;
  const given = close < 0 ? undefined : parameterOf(ours?.slice(close + 1) ?? '', 'expires');
  const seconds = Number(given ?? expires ?? asked);
  return Number.isInteger(seconds) && seconds > 0 ? seconds : asked;
}

/** What an APP has to know of a MESSAGE. */
export function readIncoming(request: Core.IncomingRequestMessage): AppIncoming {
  const replyTo = request.getHeader('reply-to');
  const { texts, content } = readBody(request.getHeader('content-type'), request.body);
  return {
    sender: addressOf(request.getHeader('from') ?? ''),
    ...(replyTo !== undefined && { replyTo: addressOf(replyTo) }),
    callInfo: request.getHeaders('call-info').flatMap(splitValues),
    texts,
    reference: `${request.callId} ${request.cseq}`,
    ...(content !== undefined && { content }),
  };
}

/** The values of one header line: RFC 3261 7.3.1 lets several stand behind one another, with commas. */
export function splitValues(line: string): string[] {
  const values: string[] = [];
  let start = 0;
  let inBrackets = false;
  let inQuotes = false;
  for (let i = 0; i < line.length; i++) {
    const character = line[i];
    if (inQuotes) {
      if (character === '\\') i++;
      else if (character === '"') inQuotes = false;
    } else if (character === '"') inQuotes = !inBrackets;
    else if (character === '<') inBrackets = true;
    else if (character === '>') inBrackets = false;
    else if (character === ',' && !inBrackets) {
      values.push(line.slice(start, i).trim());
      start = i + 1;
    }
  }
  values.push(line.slice(start).trim());
  return values.filter((value) => value !== '');
}

function parameterOf(parameters: string, name: string): string | undefined {
  for (const parameter of parameters.split(';')) {
    const equals = parameter.indexOf('=');
    if (equals >= 0 && parameter.slice(0, equals).trim().toLowerCase() === name) {
      return parameter.slice(equals + 1).trim();
    }
  }
  return undefined;
}
