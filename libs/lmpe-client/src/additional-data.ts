import { escapeAttribute, escapeText } from '@esinet/xml';

/**
 * A block of additional data about a call (RFC 7852), named by what follows `EmergencyCallData.` in its purpose:
 * `DeviceInfo`, `cap`. By value it goes along as a part of the message, by reference as a URI.
 */
export type AdditionalData =
  /** `contentType`: default `application/EmergencyCallData.<block>+xml`. */
  | { readonly block: string; readonly body: string | Uint8Array; readonly contentType?: string }
  | { readonly block: string; readonly uri: string };

/** RFC 7852 4.1: who says it. */
export interface ProviderInfo {
  readonly name: string;
  readonly id: string;
  /** Registry the `id` is from. */
  readonly idSeries: string;
  /** RFC 7852 4.1.4, such as `Client` or `Telecom Provider`. */
  readonly type: string;
  readonly contact: string;
  readonly language: string;
}

/** RFC 7852 4.3: what it comes from. */
export interface DeviceInfo {
  /** RFC 7852 4.3.1, such as `sensor-fixed` or `smart-phone-app`. */
  readonly classification: string;
  readonly manufacturer?: string;
  readonly model?: string;
  /** RFC 7852 4.3.4: the identifier and its kind, such as `MAC`, `IMEI`, `SN`. */
  readonly id?: { readonly value: string; readonly type: string };
}

/**
 * The blocks of one provider, tied together by `reference` (RFC 7852 3; world-unique, as a Message-ID without its
 * brackets). Who adds a block has to say who they are: the provider's own block comes first.
 */
export function additionalDataOf(o: {
  readonly reference: string;
  readonly provider: ProviderInfo;
  readonly device?: DeviceInfo;
  /** RFC 7852 4.5: words for the call taker. */
  readonly comment?: { readonly text: string; readonly language: string };
}): AdditionalData[] {
  const blocks = [providerBlock(o.reference, o.provider)];
  if (o.device) blocks.push(deviceBlock(o.reference, o.device));
  if (o.comment) {
    const { text, language } = o.comment;
    blocks.push(
      block(
        'Comment',
        o.reference,
        `<Comment xml:lang="${escapeAttribute(language)}">${escapeText(text)}</Comment>`,
      ),
    );
  }
  return blocks;
}

function providerBlock(reference: string, p: ProviderInfo): AdditionalData {
  return block(
    'ProviderInfo',
    reference,
    element('DataProviderString', p.name) +
      element('ProviderID', p.id) +
      element('ProviderIDSeries', p.idSeries) +
      element('TypeOfProvider', p.type) +
      element('ContactURI', p.contact) +
      element('Language', p.language),
  );
}

function deviceBlock(reference: string, d: DeviceInfo): AdditionalData {
  const id = d.id
    ? `<UniqueDeviceID TypeOfDeviceID="${escapeAttribute(d.id.type)}">${escapeText(d.id.value)}</UniqueDeviceID>`
    : '';
  return block(
    'DeviceInfo',
    reference,
    element('DeviceClassification', d.classification) +
      element('DeviceMfgr', d.manufacturer) +
      element('DeviceModelNr', d.model) +
      id,
  );
}

function block(name: string, reference: string, content: string): AdditionalData {
  const root = `EmergencyCallData.${name}`;
  const body =
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
    `<${root} xmlns="urn:ietf:params:xml:ns:EmergencyCallData:${name}">` +
    `${element('DataProviderReference', reference)}${content}</${root}>\n`;
  return { block: name, body };
}

function element(name: string, text: string | undefined): string {
  return text === undefined ? '' : `<${name}>${escapeText(text)}</${name}>`;
}
