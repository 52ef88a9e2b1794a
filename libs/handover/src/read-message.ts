import type { Result } from '@esinet/kernel';
import { type XmlElement, type XmlLimits, child, childrenOf } from '@esinet/xml';
import type {
  ActionOutcome,
  DeliverMessage,
  DeliveryObject,
  ErrorInformation,
  MessageHeader,
  Reference,
  ResponseMessage,
} from './model.js';
import { manifest, namespaces } from './names.js';
import { isReference } from './peer-profile.js';
import {
  type MessageRefusal,
  defaultHandoverLimits,
  readActionIdentifier,
  readEnvelope,
} from './read-envelope.js';
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

/** Reads an HI1Message that delivers or answers. Strict: what the schema refuses is refused here too. */
export function readMessage(
  bytes: Uint8Array,
  limits: XmlLimits = defaultHandoverLimits,
): Result<DeliverMessage | ResponseMessage, MessageRefusal> {
  return readEnvelope(bytes, limits, readPayload);
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

function readDeliver(action: XmlElement, index: number): DeliveryObject {
  readActionIdentifier(action, index);
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
  for (const [kind, name] of answers) {
    const answer = child(e, core, name);
    if (answer) return { action, kind, objectId: requiredUuid(answer, core, 'Identifier') };
  }
  throw new HandoverReadError('ActionResponse answers nothing that is asked here');
}

/** What an action was answered with, by the element that says so. TS 103 120 6.4 */
const answers = [
  ['delivered', 'DELIVERResponse'],
  ['created', 'CREATEResponse'],
  ['updated', 'UPDATEResponse'],
] as const;

function readError(e: XmlElement): ErrorInformation {
  return {
    code: natural(requiredText(e, core, 'ErrorCode'), 'ErrorCode'),
    description: requiredText(e, core, 'ErrorDescription'),
  };
}
