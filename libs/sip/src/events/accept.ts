import { parseMediaType } from '../codec/media-type.js';
import type { SipMessage } from '../codec/sip-message.js';

/**
 * The media type of `offered` that an Accept header likes best, of equals the first (RFC 3261 20.1); the first one
 * without the header; undefined where none will do, which is 406.
 */
export function acceptedType(request: SipMessage, offered: readonly string[]): string | undefined {
  if (!request.has('Accept')) return offered[0];
  const ranges = request.values('Accept').flatMap((value) => {
    const range = parseMediaType(value);
    if (!range) return [];
    const q = Number(range.params.get('q') ?? '1');
    return [{ type: range.type, subtype: range.subtype, q: Number.isFinite(q) ? q : 1 }];
  });
  let best: { readonly type: string; readonly q: number } | undefined;
  for (const type of offered) {
    const [main, sub] = type.split('/');
    let found = { specific: -1, q: 0 };
    for (const range of ranges) {
      const specific =
        range.type === main && range.subtype === sub
          ? 2
          : range.type === main && range.subtype === '*'
            ? 1
            : range.type === '*' && range.subtype === '*'
              ? 0
              : -1;
      if (specific > found.specific) found = { specific, q: range.q };
    }
    if (found.q > 0 && (!best || found.q > best.q)) best = { type, q: found.q };
  }
  return best?.type;
}
