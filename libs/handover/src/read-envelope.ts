import { type Result, err, ok } from '@esinet/kernel';
import { DEFAULT_XML_LIMITS, type XmlElement, type XmlLimits, readXml } from '@esinet/xml';
import { errorCodes } from './error-codes.js';
import { isQualifiedMicroseconds } from './etsi-time.js';
import type { EndpointId, MessageHeader } from './model.js';
import { namespaces } from './names.js';
import { HandoverReadError, natural, required, requiredText, requiredUuid } from './reading.js';

const { core } = namespaces;

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

/** Reads what every HI1Message has, and its payload by `read`, which may throw a HandoverReadError. */
export function readEnvelope<T>(
  bytes: Uint8Array,
  limits: XmlLimits,
  read: (header: MessageHeader, payload: XmlElement) => T,
): Result<T, MessageRefusal> {
  if (bytes.length > limits.maxBytes) {
    return err({ code: errorCodes.tooLarge, message: `larger than ${limits.maxBytes} octets` });
  }
  const document = readXml(bytes, limits);
  if (!document.ok) return err({ code: errorCodes.encoding, message: document.error.message });
  const root = document.value;
  if (root.uri !== core || root.local !== 'HI1Message') {
    return err({ code: errorCodes.validation, message: 'no HI1Message of TS 103 120' });
  }
  let header: MessageHeader | undefined;
  try {
    header = readHeader(required(root, core, 'Header'));
    return ok(read(header, required(root, core, 'Payload')));
  } catch (error) {
    if (!(error instanceof HandoverReadError)) throw error;
    return err({ code: error.code, message: error.message, ...(header && { header }) });
  }
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

export function readEndpoint(e: XmlElement): EndpointId {
  const countryCode = requiredText(e, core, 'CountryCode');
  if (!/^[A-Z]{2}$/.test(countryCode)) throw new HandoverReadError('CountryCode is not two capital letters');
  return { countryCode, uniqueIdentifier: requiredText(e, core, 'UniqueIdentifier') };
}

/** TS 103 120 6.4.4: actions count from 0, one by one. */
export function readActionIdentifier(action: XmlElement, index: number): void {
  const identifier = natural(requiredText(action, core, 'ActionIdentifier'), 'ActionIdentifier');
  if (identifier === index) return;
  if (identifier < index) {
    throw new HandoverReadError('an ActionIdentifier is there twice', errorCodes.duplicateAction);
  }
  throw new HandoverReadError('ActionIdentifiers do not count up from 0');
}
