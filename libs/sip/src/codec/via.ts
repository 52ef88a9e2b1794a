import { LBRACKET, SEMI, SLASH, decimal, isBlank, skipBlanks, tokenEnd } from './lexical.js';
import { parseHostPort } from './host.js';
import type { Mutable } from './mutable.js';
import { type Params, noParams, parseParams } from './params.js';

/** One Via value (RFC 3261 20.42). */
export interface Via {
  /** `SIP/2.0` */
  readonly protocol: string;
  /** upper case */
  readonly transport: string;
  /** lower case; IPv6 in brackets */
  readonly host: string;
  readonly port?: number;
  readonly params: Params;
  readonly branch?: string;
  /** IP literal without brackets: RFC 5118 4.5 has both forms sent */
  readonly received?: string;
  /** RFC 3581: true where asked for and not yet filled in */
  readonly rport?: number | true;
  /** as sent, unfolded */
  readonly text: string;
}

export function parseVia(text: string): Via | undefined {
  const nameEnd = tokenEnd(text, 0);
  let at = skipBlanks(text, nameEnd);
  if (nameEnd === 0 || text.charCodeAt(at) !== SLASH) return undefined;
  const versionStart = skipBlanks(text, at + 1);
  const versionEnd = tokenEnd(text, versionStart);
  at = skipBlanks(text, versionEnd);
  if (versionEnd === versionStart || text.charCodeAt(at) !== SLASH) return undefined;
  const transportStart = skipBlanks(text, at + 1);
  const transportEnd = tokenEnd(text, transportStart);
  at = skipBlanks(text, transportEnd);
  if (transportEnd === transportStart || at === transportEnd) return undefined;

  const sentByStart = at;
  let bracketed = text.charCodeAt(at) === LBRACKET;
  while (at < text.length && text.charCodeAt(at) !== SEMI) {
    if (bracketed && text[at] === ']') bracketed = false;
    at++;
  }
  const sentBy = parseHostPort(withoutBlanks(text.slice(sentByStart, at)));
  if (sentBy === undefined || bracketed) return undefined;
  const params = at === text.length ? noParams : parseParams(text, at);
  if (params === undefined) return undefined;

  const branch = params.get('branch');
  const received = withoutBrackets(params.get('received'));
  let rport: number | true | undefined;
  if (params.has('rport')) {
    const value = params.get('rport');
    rport = value === undefined ? true : decimal(value, 65_535);
  }
  const via: Mutable<Via> = {
    protocol: text.startsWith('SIP/2.0/')
      ? 'SIP/2.0'
      : `${text.slice(0, nameEnd)}/${text.slice(versionStart, versionEnd)}`.toUpperCase(),
    transport: upperCase(text.slice(transportStart, transportEnd)),
    host: sentBy.host,
    params,
    text,
  };
  if (sentBy.port !== undefined) via.port = sentBy.port;
  if (branch !== undefined) via.branch = branch;
  if (received !== undefined) via.received = received;
  if (rport !== undefined) via.rport = rport;
  return via;
}

/** Converting what is in upper case already would take longer than the rest of a Via. */
function upperCase(transport: string): string {
  return transport === 'UDP' || transport === 'TCP' || transport === 'TLS'
    ? transport
    : transport.toUpperCase();
}

/** sent-by = host [ COLON port ], and COLON may stand between blanks. */
function withoutBlanks(sentBy: string): string {
  const trimmed = sentBy.trim();
  const colon = trimmed.lastIndexOf(':');
  if (colon < 1) return trimmed;
  if (!isBlank(trimmed.charCodeAt(colon - 1)) && !isBlank(trimmed.charCodeAt(colon + 1))) return trimmed;
  return `${trimmed.slice(0, colon).trimEnd()}:${trimmed.slice(colon + 1).trimStart()}`;
}

function withoutBrackets(address: string | undefined): string | undefined {
  return address?.startsWith('[') === true && address.endsWith(']') ? address.slice(1, -1) : address;
}
