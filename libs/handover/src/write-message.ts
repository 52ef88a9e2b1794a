import type { DeliverMessage, DeliveryObject, EndpointId, MessageHeader, ResponseMessage } from './model.js';
import { manifest, namespaces } from './names.js';
import type { PeerProfile } from './peer-profile.js';
import { writeItems } from './write-item.js';
import { element, optional, textElement } from './xml-writing.js';

const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n';

/** An HI1Message with one DELIVER for each object. TS 103 120 6.4, TS 103 707 5 */
export function writeDeliverMessage(
  message: DeliverMessage,
  profile: Pick<PeerProfile, 'namespace'>,
): string {
  const actions = message.objects.map((object, action) =>
    element(
      'ActionRequest',
      textElement('ActionIdentifier', action) +
        element(
          'DELIVER',
          textElement('Identifier', object.objectId) + writeObject(object, profile.namespace),
        ),
    ),
  );
  return envelope(message.header, element('RequestPayload', element('ActionRequests', actions.join(''))));
}

/** The answer of who got one. */
export function writeResponseMessage({ header, outcome }: ResponseMessage): string {
  const content =
    outcome.kind === 'refused'
      ? errorInformation(outcome.error)
      : element(
          'ActionResponses',
          outcome.actions
            .map((each) =>
              element(
                'ActionResponse',
                textElement('ActionIdentifier', each.action) +
                  (each.kind === 'failed'
                    ? errorInformation(each.error)
                    : element(responseNames[each.kind], textElement('Identifier', each.objectId))),
              ),
            )
            .join(''),
        );
  return envelope(header, element('ResponsePayload', content));
}

const responseNames = {
  delivered: 'DELIVERResponse',
  created: 'CREATEResponse',
  updated: 'UPDATEResponse',
} as const;

function envelope(header: MessageHeader, payload: string): string {
  const declared = [
    ` xmlns="${namespaces.core}"`,
    ` xmlns:xsi="${namespaces.schemaInstance}"`,
    ` xmlns:common="${namespaces.common}"`,
    ` xmlns:delivery="${namespaces.delivery}"`,
  ].join('');
  return `${declaration}${element('HI1Message', writeHeader(header) + element('Payload', payload), declared)}\n`;
}

function writeHeader({ sender, receiver, transactionId, timestamp, version }: MessageHeader): string {
  return element(
    'Header',
    [
      endpoint('SenderIdentifier', sender),
      endpoint('ReceiverIdentifier', receiver),
      textElement('TransactionIdentifier', transactionId),
      textElement('Timestamp', timestamp),
      element(
        'Version',
        textElement('ETSIVersion', version.etsi) +
          textElement('NationalProfileOwner', version.nationalProfileOwner) +
          textElement('NationalProfileVersion', version.nationalProfileVersion),
      ),
    ].join(''),
  );
}

function endpoint(name: string, { countryCode, uniqueIdentifier }: EndpointId): string {
  return element(
    name,
    textElement('CountryCode', countryCode) + textElement('UniqueIdentifier', uniqueIdentifier),
  );
}

function writeObject(o: DeliveryObject, namespace: string): string {
  const named = o.manifest
    ? element(
        'delivery:Manifest',
        element(
          'delivery:Specification',
          textElement('common:Owner', manifest.owner) +
            textElement('common:Name', manifest.name) +
            textElement('common:Value', manifest.value),
        ),
      )
    : '';
  return element(
    'HI1Object',
    [
      textElement('ObjectIdentifier', o.objectId),
      optional('CountryCode', o.countryCode),
      optional('OwnerIdentifier', o.owner),
      element('delivery:Reference', textElement(`delivery:${o.reference.kind}`, o.reference.value)),
      optional('delivery:DeliveryID', o.deliveryId),
      optional('delivery:SequenceNumber', o.sequenceNumber),
      optional('delivery:LastSequence', o.lastSequence),
      named,
      element(
        'delivery:Delivery',
        element('delivery:XMLData', writeItems(o.items, o.asCollection, namespace)),
      ),
    ].join(''),
    ' xsi:type="delivery:DeliveryObject"',
  );
}

function errorInformation({
  code,
  description,
}: {
  readonly code: number;
  readonly description: string;
}): string {
  return element(
    'ErrorInformation',
    textElement('ErrorCode', code) + textElement('ErrorDescription', description),
  );
}
