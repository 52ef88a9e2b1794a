import { mediaTypeOf } from '../call-view.js';
import { type ConditionKind, cost } from '../condition.js';

const MEDIA_TYPE = /^[a-z0-9!#$&^_.+-]+\/[a-z0-9!#$&^_.+-]+$/i;

export function isMediaType(text: string): boolean {
  return MEDIA_TYPE.test(text);
}

/** NENA-STA-010 3.3.3.1.4: the message has a part of one of these types. */
export const mimeBody: ConditionKind = {
  type: 'MimeBodyCondition',
  read(fields) {
    const hint = 'a list of media types: ["application/EmergencyCallData.cap+xml"]';
    const list = fields.texts('mimeList', hint);
    if (list === undefined)
      return fields.has('mimeList') ? undefined : fields.wrong('mimeList', 'is missing', hint);
    if (!list.every(isMediaType)) return fields.wrong('mimeList', 'holds what is no media type', hint);
    const wanted = new Set(list.map((type) => type.toLowerCase()));
    return {
      text: `a body part of ${list.join(' or ')}`,
      cost: cost.body,
      holds: (call) => call.parts.some((part) => wanted.has(mediaTypeOf(part) ?? '')),
    };
  },
};
