import { SLASH, skipBlanks, tokenEnd } from './lexical.js';
import { type Params, parseParams } from './params.js';

/** RFC 3261 20.15; type and subtype in lower case. */
export interface MediaType {
  readonly type: string;
  readonly subtype: string;
  readonly params: Params;
}

export function parseMediaType(text: string): MediaType | undefined {
  const start = skipBlanks(text, 0);
  const typeEnd = tokenEnd(text, start);
  const slash = skipBlanks(text, typeEnd);
  if (typeEnd === start || text.charCodeAt(slash) !== SLASH) return undefined;
  const subtypeStart = skipBlanks(text, slash + 1);
  const subtypeEnd = tokenEnd(text, subtypeStart);
  if (subtypeEnd === subtypeStart) return undefined;
  const params = parseParams(text, subtypeEnd);
  if (params === undefined) return undefined;
  return {
    type: text.slice(start, typeEnd).toLowerCase(),
    subtype: text.slice(subtypeStart, subtypeEnd).toLowerCase(),
    params,
  };
}
