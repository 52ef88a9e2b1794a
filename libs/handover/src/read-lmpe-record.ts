import { type XmlElement, attribute, child, childrenOf } from '@esinet/xml';
import type { LmpeRecord, ProvenIdentity, RecordLocation, Withheld } from './lmpe-record.js';
import { lmpeRecordSchema as uri, namespaces } from './names.js';
import {
  HandoverReadError,
  natural,
  optionalBoolean,
  optionalString,
  optionalText,
  required,
  requiredString,
  requiredText,
} from './reading.js';

/** The element `lmpeRecord` of our schema. @throws HandoverReadError */
export function readLmpeRecord(e: XmlElement): LmpeRecord {
  const type = required(e, uri, 'messageType');
  const location = child(e, uri, 'location');
  const texts = {
    messageId: optionalString(e, uri, 'messageId'),
    sipCallId: optionalString(e, uri, 'sipCallId'),
    replyTo: optionalString(e, uri, 'replyTo'),
  };
  const testCall = optionalBoolean(e, uri, 'testCall');
  return {
    callId: requiredString(e, uri, 'callId'),
    ...given(texts),
    messageType: { number: natural(type.text.trim(), 'messageType'), label: attribute(type, 'label') ?? '' },
    direction: oneOf(requiredText(e, uri, 'direction'), ['fromCaller', 'fromPsap'], 'direction'),
    recordedTime: requiredText(e, uri, 'recordedTime'),
    identities: childrenOf(e, uri, 'identity').map((identity) => ({
      provenance: oneOf<ProvenIdentity['provenance']>(
        attribute(identity, 'provenance') ?? '',
        ['asserted', 'from', 'device'],
        'provenance',
      ),
      value: identity.text,
    })),
    ...(testCall !== undefined && { testCall }),
    texts: childrenOf(e, uri, 'text').map((text) => {
      const language = attribute(text, 'language');
      return {
        part: natural(attribute(text, 'part') ?? '', 'part'),
        ...(language !== undefined && { language }),
        ...(attribute(text, 'repaired') === 'true' && { repaired: true }),
        text: text.text,
      };
    }),
    ...(location && { location: readLocation(location) }),
    parts: childrenOf(e, uri, 'part').map((part) => ({
      index: natural(attribute(part, 'index') ?? '', 'index'),
      contentType: attribute(part, 'contentType') ?? '',
      ...given({ contentId: attribute(part, 'contentId'), object: attribute(part, 'object') }),
    })),
    withheld: childrenOf(e, uri, 'withheld').map(readWithheld),
  };
}

function readLocation(e: XmlElement): RecordLocation {
  const point = child(e, uri, 'point');
  const uncertainty = optionalText(e, uri, 'uncertaintyMetres');
  return {
    conveyed: oneOf(attribute(e, 'conveyed') ?? '', ['value', 'reference'], 'conveyed'),
    ...(point && {
      point: {
        latitude: requiredText(point, namespaces.types, 'latitude'),
        longitude: requiredText(point, namespaces.types, 'longitude'),
      },
    }),
    ...(uncertainty !== undefined && { uncertainty: Number(uncertainty) }),
    ...given({
      method: optionalText(e, uri, 'method'),
      time: optionalText(e, uri, 'time'),
      uri: optionalString(e, uri, 'uri'),
      object: optionalString(e, uri, 'object'),
    }),
  };
}

function readWithheld(e: XmlElement): Withheld {
  const part = attribute(e, 'part');
  return {
    what: oneOf<Withheld['what']>(
      attribute(e, 'what') ?? '',
      ['text', 'part', 'location', 'identity', 'message'],
      'what',
    ),
    reason: oneOf<Withheld['reason']>(
      attribute(e, 'reason') ?? '',
      ['not-in-scope', 'other-holder', 'third-party', 'privileged', 'reviewer'],
      'reason',
    ),
    ...(part !== undefined && { part: natural(part, 'part') }),
  };
}

function oneOf<T extends string>(text: string, known: readonly T[], what: string): T {
  const found = known.find((each) => each === text);
  if (found === undefined) throw new HandoverReadError(`${what} is none of ${known.join(', ')}`);
  return found;
}

function given<T extends string>(
  values: Readonly<Record<T, string | undefined>>,
): { readonly [K in T]?: string } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    readonly [K in T]?: string;
  };
}
