import { type XmlElement, child, childrenOf } from '@esinet/xml';
import { isQualifiedDateTime } from './etsi-time.js';
import type { BinaryObject, CspMetadata, HandoverItem, MessagingParty } from './model.js';
import { handoverNames as n, lmpeRecordSchema } from './names.js';
import { readLmpeRecord } from './read-lmpe-record.js';
import {
  HandoverReadError,
  natural,
  optionalBoolean,
  optionalNatural,
  optionalString,
  optionalText,
  required,
  requiredText,
  typeOf,
} from './reading.js';

/** The items of a root of TS 103 707. @throws HandoverReadError */
export function readItems(root: XmlElement): {
  readonly items: HandoverItem[];
  readonly asCollection: boolean;
} {
  if (root.local === n.item) return { items: [readItem(root)], asCollection: false };
  if (root.local !== n.collection)
    throw new HandoverReadError(`${root.local} is nothing that can be handed over`);
  const items = childrenOf(root, root.uri, n.item).map(readItem);
  if (items.length === 0) throw new HandoverReadError(`${n.collection} is empty`);
  return { items, asCollection: true };
}

function readItem(item: XmlElement): HandoverItem {
  const { uri } = item;
  const header = child(item, uri, n.header);
  const correlation = header && child(header, uri, n.correlation);
  const payload = required(item, uri, n.payload);
  const type = typeOf(payload);
  if (type !== n.payloadType)
    throw new HandoverReadError(`a payload of the type ${type ?? '(none)'} is not known`);
  const core = required(payload, uri, n.core);
  const sender = child(core, uri, n.sender);
  const receivers = child(core, uri, n.receivers);
  const timestamp = optionalText(core, uri, n.timestamp);
  if (timestamp !== undefined && !isQualifiedDateTime(timestamp)) {
    throw new HandoverReadError(`${n.timestamp} is no time in whole seconds with a zone`);
  }
  const binaries = child(core, uri, n.binaryData);
  const csp = child(payload, uri, n.cspParameters);
  return {
    ...(correlation && {
      correlation: {
        levelId: natural(requiredText(correlation, uri, n.levelId), n.levelId),
        sequenceNumber: natural(requiredText(correlation, uri, n.sequenceNumber), n.sequenceNumber),
      },
    }),
    ...(sender && { sender: readParty(sender) }),
    receivers: receivers ? childrenOf(receivers, uri, n.recipient).map(readParty) : [],
    ...(timestamp !== undefined && { timestamp }),
    objects: binaries ? childrenOf(binaries, uri, n.binaryObject).map(readObject) : [],
    metadata: csp ? childrenOf(csp, uri, n.cspMetadata).map(readMetadata) : [],
  };
}

function readParty(party: XmlElement): MessagingParty {
  const { uri } = party;
  const identifiers = childrenOf(required(party, uri, n.identifiers), uri, n.identifier).map(
    ({ text }) => text,
  );
  if (identifiers.length === 0) throw new HandoverReadError(`${party.local} has no ${n.identifier}`);
  const isTargetedParty = optionalBoolean(party, uri, n.targeted);
  return { identifiers, ...(isTargetedParty !== undefined && { isTargetedParty }) };
}

function readObject(object: XmlElement): BinaryObject {
  const { uri } = object;
  const contentLength = optionalNatural(object, uri, n.contentLength);
  const texts = {
    contentType: optionalString(object, uri, n.contentType),
    expiry: optionalText(object, uri, n.expiry),
    checksum: optionalText(object, uri, n.checksum),
    originalFilename: optionalString(object, uri, n.filename),
    cspDefinedIdentifier: optionalString(object, uri, n.cspIdentifier),
  };
  if (texts.expiry !== undefined && !isQualifiedDateTime(texts.expiry)) {
    throw new HandoverReadError(`${n.expiry} is no time in whole seconds with a zone`);
  }
  return {
    url: requiredText(object, uri, n.url),
    ...(contentLength !== undefined && { contentLength }),
    ...Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== undefined)),
  };
}

function readMetadata(metadata: XmlElement): CspMetadata {
  const { uri } = metadata;
  const details = required(metadata, uri, n.schemaDetails);
  const data = required(metadata, uri, n.xmlData);
  const url = optionalText(details, uri, n.schemaUrl);
  const schema = {
    identifier: requiredText(details, uri, n.schemaIdentifier),
    ...(url !== undefined && { url }),
  };
  const record = child(data, lmpeRecordSchema, 'lmpeRecord');
  return record ? { schema, record: readLmpeRecord(record) } : { schema, other: data.children };
}
