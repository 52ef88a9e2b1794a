import {
  DQUOTE,
  GT,
  LT,
  isBlank,
  isTokenChar,
  quotedEnd,
  skipBlanks,
  trimBlanks,
  unquote,
} from './lexical.js';
import { type Params, noParams, parseParams } from './params.js';
import type { Mutable } from './mutable.js';
import { parseUri } from './uri.js';

/** name-addr or addr-spec with its header parameters (RFC 3261 20.10, 25.1). */
export interface NameAddr {
  readonly displayName?: string;
  /** as sent, without angle brackets */
  readonly uri: string;
  readonly params: Params;
  readonly tag?: string;
}

/**
 * Undefined where the value breaks the grammar. RFC 3261 20: without angle brackets, what follows a semicolon belongs
 * to the header and not to the URI, and the URI may hold neither a comma nor a question mark.
 */
export function parseNameAddr(text: string): NameAddr | undefined {
  let at = skipBlanks(text, 0);
  let displayName: string | undefined;
  if (text.charCodeAt(at) === DQUOTE) {
    const end = quotedEnd(text, at);
    if (end < 0) return undefined;
    displayName = unquote(text.slice(at, end));
    at = skipBlanks(text, end);
    if (text.charCodeAt(at) !== LT) return undefined;
  } else {
    const open = text.indexOf('<', at);
    if (open < 0) return parseBare(text, at);
    if (open > at) {
      displayName = trimBlanks(text.slice(at, open));
      if (!isTokens(displayName)) return undefined;
      at = open;
    }
  }
  const close = text.indexOf('>', at);
  if (close < 0) return undefined;
  const uri = text.slice(at + 1, close);
  if (parseUri(uri) === undefined) return undefined;
  const params = parseParams(text, close + 1);
  return params === undefined ? undefined : nameAddr(displayName, uri, params);
}

function parseBare(text: string, from: number): NameAddr | undefined {
  let end = from;
  while (end < text.length && text[end] !== ';' && !isBlank(text.charCodeAt(end))) {
    const c = text.charCodeAt(end);
    if (c === 0x2c || c === 0x3f || c === GT) return undefined;
    end++;
  }
  const uri = text.slice(from, end);
  if (parseUri(uri) === undefined) return undefined;
  const params = end === text.length ? noParams : parseParams(text, end);
  return params === undefined ? undefined : nameAddr(undefined, uri, params);
}

function nameAddr(displayName: string | undefined, uri: string, params: Params): NameAddr {
  const value: Mutable<NameAddr> = { uri, params };
  if (displayName !== undefined) value.displayName = displayName;
  const tag = params.get('tag');
  if (tag !== undefined) value.tag = tag;
  return value;
}

/** display-name = *(token LWS); characters beyond ASCII are let through, as they are common and harmless. */
function isTokens(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 128 && !isTokenChar(code) && !isBlank(code)) return false;
  }
  return true;
}
