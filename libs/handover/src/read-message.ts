import { type Result, err, ok } from '@esinet/kernel';
import { DEFAULT_XML_LIMITS, type XmlElement, type XmlLimits, child, childrenOf, readXml } from '@esinet/xml';
import { errorCodes } from './error-codes.js';
import { isQualifiedMicroseconds } from './etsi-time.js';
import type {
  ActionOutcome,
  DeliverMessage,
  DeliveryObject,
  EndpointId,
  ErrorInformation,
  MessageHeader,
  Reference,
  ResponseMessage,
} from './model.js';
import { manifest, namespaces } from './names.js';
import { isReference } from './peer-profile.js';
import { readItems } from './read-item.js';
import {
  HandoverReadError,
  natural,
  optionalBoolean,
  optionalNatural,
  optionalText,
  required,
  requiredText,
  requiredUuid,
  typeOf,
} from './reading.js';

const { core, common, delivery } = namespaces;

/** Bounds of one HI1Message: documents that are larger are refused before they are looked at. */
export const defaultHandoverLimits: XmlLimits = {
  ...DEFAULT_XML_LIMITS,
  maxBytes: 8 * 1_048_576,
  maxDepth: 64,
  maxElements: 500_000,
};

/** Why a message is refused as a whole, with what could be read of its header. TS 103 120 6.2.5 */
export interface MessageRefusal {
  /** TS 103 120 Annex D */
  readonly code: number;
  /** A sentence without anything of the content. */
  readonly message: string;
  readonly header?: MessageHeader;
}

/** Reads an HI1Message that delivers or answers. Strict: what the schema refuses is refused here too. */
export function readMessage(
  bytes: Uint8Array,
  limits: XmlLimits = defaultHandoverLimits,
): Result<DeliverMessage | ResponseMessage, MessageRefusal> {
  if (bytes.length > limits.maxBytes) {
    return err({ code: errorCodes.tooLarge, message: `larger than ${limits.maxBytes} octets` });
  }
  const read = readXml(bytes, limits);
  if (!read.ok) return err({ code: errorCodes.encoding, message: read.error.message });
  const root = read.value;
  if (root.uri !== core || root.local !== 'HI1Message') {
    return err({ code: errorCodes.validation, message: 'no HI1Message of TS 103 120' });
  }
  let header: MessageHeader | undefined;
  try {
    header = readHeader(required(root, core, 'Header'));
    return ok(readPayload(header, required(root, core, 'Payload')));
  } catch (error) {
    if (!(error instanceof HandoverReadError)) throw error;
    return err({ code: errorCodes.validation, message: error.message, ...(header && { header }) });
  }
}

function readPayload(header: MessageHeader, payload: XmlElement): DeliverMessage | ResponseMessage {
  const request = child(payload, core, 'RequestPayload');
  if (request) {
    const actions = childrenOf(required(request, core, 'ActionRequests'), core, 'ActionRequest');
    if (actions.length === 0) throw new HandoverReadError('ActionRequests is empty');
    return { kind: 'deliver', header, objects: actions.map(readDeliver) };
  }
  const response = required(payload, core, 'ResponsePayload');
  const refused = child(response, core, 'ErrorInformation');
  if (refused) return { kind: 'response', header, outcome: { kind: 'refused', error: readError(refused) } };
  const actions = childrenOf(required(response, core, 'ActionResponses'), core, 'ActionResponse');
  return { kind: 'response', header, outcome: { kind: 'actions', actions: actions.map(readOutcome) } };
}

function readHeader(h: XmlElement): MessageHeader {
  const version = required(h, core, 'Version');
  const timestamp = requiredText(h, core, 'Timestamp');
  if (!isQualifiedMicroseconds(timestamp)) {
    throw new HandoverReadError('Timestamp is no time with six digits of a second');
  }
  const etsi = requiredText(version, core, 'ETSIVersion');
  if (!/^V\d+\.\d+\.\d+$/.test(etsi)) throw new HandoverReadError('ETSIVersion is none');
  return {
    sender: readEndpoint(required(h, core, 'SenderIdentifier')),
    receiver: readEndpoint(required(h, core, 'ReceiverIdentifier')),
    transactionId: requiredUuid(h, core, 'TransactionIdentifier'),
    timestamp,
    version: {
      etsi,
      nationalProfileOwner: requiredText(version, core, 'NationalProfileOwner'),
      nationalProfileVersion: requiredText(version, core, 'NationalProfileVersion'),
    },
  };
}

function readEndpoint(e: XmlElement): EndpointId {
  const countryCode = requiredText(e, core, 'CountryCode');
  if (!/^[A-Z]{2}$/.test(countryCode)) throw new HandoverReadError('CountryCode is not two capital letters');
  return { countryCode, uniqueIdentifier: requiredText(e, core, 'UniqueIdentifier') };
}

/** TS 103 120 6.4.4: actions count from 0, one by one. */
function readDeliver(action: XmlElement, index: number): DeliveryObject {
  const identifier = natural(requiredText(action, core, 'ActionIdentifier'), 'ActionIdentifier');
  if (identifier !== index) throw new HandoverReadError('ActionIdentifiers do not count up from 0');
  const deliver = child(action, core, 'DELIVER');
  if (!deliver) throw new HandoverReadError('an action that does not deliver is not known here');
  const object = required(deliver, core, 'HI1Object');
  if (typeOf(object) !== 'DeliveryObject') throw new HandoverReadError('HI1Object is no DeliveryObject');
  const objectId = requiredUuid(object, core, 'ObjectIdentifier');
  if (requiredUuid(deliver, core, 'Identifier') !== objectId) {
    throw new HandoverReadError('Identifier is not the ObjectIdentifier');
  }
  const data = required(required(object, delivery, 'Delivery'), delivery, 'XMLData');
  const [root, ...rest] = data.children;
  if (!root || rest.length > 0) throw new HandoverReadError('XMLData has to hold one element');
  const named = child(object, delivery, 'Manifest');
  const texts = {
    countryCode: optionalText(object, core, 'CountryCode'),
    owner: optionalText(object, core, 'OwnerIdentifier'),
    deliveryId: optionalText(object, delivery, 'DeliveryID'),
  };
  const sequenceNumber = optionalNatural(object, delivery, 'SequenceNumber');
  const lastSequence = optionalBoolean(object, delivery, 'LastSequence');
  return {
    objectId,
    ...Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== undefined)),
    reference: readReference(required(object, delivery, 'Reference')),
    ...(sequenceNumber !== undefined && { sequenceNumber }),
    ...(lastSequence !== undefined && { lastSequence }),
    manifest: named !== undefined && names707(named),
    ...readItems(root),
  };
}

function readReference(e: XmlElement): Reference {
  for (const kind of ['LDID', 'LIID'] as const) {
    const value = optionalText(e, delivery, kind);
    if (value === undefined) continue;
    if (!isReference({ kind, value }))
      throw new HandoverReadError(`${kind} is not in the form of TS 103 280`);
    return { kind, value };
  }
  throw new HandoverReadError('Reference has neither LDID nor LIID');
}

/** A manifest that says otherwise says that this is no hand-over of TS 103 707. */
function names707(e: XmlElement): boolean {
  const entry = child(e, delivery, 'Specification');
  if (!entry) return false;
  if (optionalText(entry, common, 'Value') !== manifest.value) {
    throw new HandoverReadError('Manifest names another specification');
  }
  return true;
}

function readOutcome(e: XmlElement): ActionOutcome {
  const action = natural(requiredText(e, core, 'ActionIdentifier'), 'ActionIdentifier');
  const error = child(e, core, 'ErrorInformation');
  if (error) return { action, kind: 'failed', error: readError(error) };
  return {
    action,
    kind: 'delivered',
    objectId: requiredUuid(required(e, core, 'DELIVERResponse'), core, 'Identifier'),
  };
}

function readError(e: XmlElement): ErrorInformation {
  return {
    code: natural(requiredText(e, core, 'ErrorCode'), 'ErrorCode'),
    description: requiredText(e, core, 'ErrorDescription'),
  };
}
