import type { BinaryObject, CspMetadata, HandoverItem, MessagingParty } from './model.js';
import { handoverNames as n } from './names.js';
import { writeLmpeRecord } from './write-lmpe-record.js';
import { element, optional, textElement } from './xml-writing.js';

/** The root of what is delivered: one item, or a collection of them. TS 103 707 5.2 */
export function writeItems(items: readonly HandoverItem[], asCollection: boolean, namespace: string): string {
  const declared = ` xmlns="${namespace}" xmlns:hi707="${namespace}"`;
  if (asCollection) return element(n.collection, items.map((item) => writeItem(item)).join(''), declared);
  return items.map((item) => writeItem(item, declared)).join('');
}

function writeItem(item: HandoverItem, declared = ''): string {
  const { correlation, sender, receivers, timestamp, objects, metadata } = item;
  const header = correlation
    ? element(
        n.header,
        element(
          n.correlation,
          textElement(n.levelId, correlation.levelId) +
            textElement(n.sequenceNumber, correlation.sequenceNumber),
        ),
      )
    : '';
  const core = [
    sender ? writeParty(n.sender, sender) : '',
    receivers.length > 0
      ? element(n.receivers, receivers.map((receiver) => writeParty(n.recipient, receiver)).join(''))
      : '',
    optional(n.timestamp, timestamp),
    objects.length > 0 ? element(n.binaryData, objects.map(writeObject).join('')) : '',
  ];
  const csp = metadata.length > 0 ? element(n.cspParameters, metadata.map(writeMetadata).join('')) : '';
  const payload = element(
    n.payload,
    element(n.core, core.join('')) + csp,
    ` xsi:type="hi707:${n.payloadType}"`,
  );
  return element(n.item, header + payload, declared);
}

function writeParty(name: string, { identifiers, isTargetedParty }: MessagingParty): string {
  return element(
    name,
    element(n.identifiers, identifiers.map((identifier) => textElement(n.identifier, identifier)).join('')) +
      // Absence says "not, or not known". TS 103 707 table 7
      (isTargetedParty === true ? textElement(n.targeted, true) : ''),
  );
}

function writeObject(o: BinaryObject): string {
  return element(
    n.binaryObject,
    [
      textElement(n.url, o.url),
      optional(n.contentLength, o.contentLength),
      optional(n.contentType, o.contentType),
      optional(n.expiry, o.expiry),
      optional(n.checksum, o.checksum),
      optional(n.filename, o.originalFilename),
      optional(n.cspIdentifier, o.cspDefinedIdentifier),
    ].join(''),
  );
}

function writeMetadata({ schema, record }: CspMetadata): string {
  const details = [
    textElement(n.schemaIdentifier, schema.identifier),
    optional(n.schemaUrl, schema.url),
    // A schema is XML itself: it goes in as it is, without its declaration.
    schema.content === undefined
      ? ''
      : element(n.schemaContent, schema.content.replace(/^\s*<\?xml[^>]*\?>\s*/, '')),
  ];
  return element(
    n.cspMetadata,
    element(n.schemaDetails, details.join('')) + element(n.xmlData, record ? writeLmpeRecord(record) : ''),
  );
}
