import {
  type BinaryObject,
  type DeliveryObject,
  type HandoverItem,
  type MessageHeader,
  errorCodes,
  timeOf,
  unspecified,
} from '@esinet/handover';
import type { Agreement, Finding } from './agreement.js';

/** Why one action is refused. TS 103 120 Annex D */
export interface Refusal {
  readonly code: number;
  /** A sentence without anything of the content. */
  readonly message: string;
}

/** What the header of a message should not say. TS 103 707 table 1 */
export function headerFindings({ version }: MessageHeader): Finding[] {
  const profile = [version.nationalProfileOwner, version.nationalProfileVersion];
  return profile.every((each) => each === unspecified.profile)
    ? []
    : [{ kind: 'national-profile', message: 'without a national profile both strings are N/A' }];
}

/** Whether an edition of TS 103 120 is known here: the first major version is. */
export function isKnownEdition(etsi: string): boolean {
  return etsi.startsWith('V1.');
}

/**
 * What an authority of that version refuses in one DeliveryObject, beside what its schema says: the first thing, or
 * undefined. Made from the tables of TS 103 707, not from how anybody writes it.
 */
export function objectRefusal(
  object: DeliveryObject,
  header: MessageHeader,
  agreement: Agreement,
): Refusal | undefined {
  const refused = errorCodes.improperValue;
  const is111 = agreement.specification === '1.1.1';
  if (is111 && object.asCollection) {
    return { code: errorCodes.validation, message: 'V1.1.1 knows no collection of items' };
  }
  if (is111 && object.reference.kind === 'LDID') {
    return { code: refused, message: 'V1.1.1 knows no LDID' };
  }
  const { countryCode, uniqueIdentifier } = header.receiver;
  if (object.countryCode === undefined || object.owner === undefined) {
    return { code: errorCodes.missing, message: 'CountryCode and OwnerIdentifier are mandatory' };
  }
  if (object.countryCode !== countryCode || object.owner !== uniqueIdentifier.slice(0, 255)) {
    return { code: refused, message: 'CountryCode and OwnerIdentifier are those of the receiver' };
  }
  for (const item of object.items) {
    if (item.timestamp === undefined && !is111) {
      return { code: errorCodes.missing, message: 'a timestamp is mandatory' };
    }
    for (const { url } of item.objects) {
      const problem = urlProblem(url, agreement);
      if (problem !== undefined) return { code: refused, message: problem };
    }
  }
  return undefined;
}

/** Annex C: in Model B the URL is ours with an identifier in it, in Model A that of the provider. */
function urlProblem(url: string, { model, objectsUrl }: Agreement): string | undefined {
  if (!URL.canParse(url) || new URL(url).protocol !== 'https:') return 'an object has no https URL';
  if (model === 'A') return undefined;
  return url.startsWith(objectsUrl) && objectIdOf(url) !== undefined
    ? undefined
    : 'an object has a URL that is not in the scheme that was agreed';
}

const uuid = /\/([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\/?$/;

/** The identifier at the end of the URL of an object. */
export function objectIdOf(url: string): string | undefined {
  return uuid.exec(url)?.[1];
}

/** What one DeliveryObject should not do. */
export function objectFindings(object: DeliveryObject, header: MessageHeader, wallMs: number): Finding[] {
  const findings: Finding[] = [];
  if (object.manifest && minorOf(header.version.etsi) < 14) {
    findings.push({ kind: 'manifest', message: 'the value of the manifest came with TS 103 120 V1.14.1' });
  }
  if (object.sequenceNumber === undefined) {
    findings.push({ kind: 'no-sequence-number', message: 'a loss could not be noticed' });
  }
  for (const [i, item] of object.items.entries()) {
    findings.push(...itemFindings(item).map((each) => ({ ...each, message: `item ${i}: ${each.message}` })));
    for (const binary of item.objects) {
      const message = binaryProblem(binary, wallMs);
      if (message !== undefined) findings.push({ kind: 'binary-object', message: `item ${i}: ${message}` });
    }
  }
  return findings;
}

/** TS 103 707 tables 4 to 7. */
function itemFindings({ correlation, sender, receivers }: HandoverItem): Finding[] {
  const findings: Finding[] = [];
  if (!correlation) findings.push({ kind: 'no-correlation', message: 'its chat cannot be told' });
  const parties = [...(sender ? [sender] : []), ...receivers];
  if (parties.some(({ isTargetedParty }) => isTargetedParty === false)) {
    findings.push({ kind: 'not-targeted', message: 'absence says that a party is none, or not known to be' });
  }
  return findings;
}

/** TS 103 707 table 8. */
function binaryProblem({ checksum, expiry, contentLength, contentType }: BinaryObject, wallMs: number) {
  if (checksum === undefined) return 'an object without a checksum';
  if (!/^[0-9a-f]{64}$/.test(checksum)) return 'a checksum that is no SHA-256 in small hexadecimal digits';
  if (contentType === undefined || contentLength === undefined) return 'an object without type or length';
  if (expiry === undefined) return 'an object without expiry';
  return (timeOf(expiry) ?? 0) > wallMs ? undefined : 'an object that expired before it was announced';
}

function minorOf(etsi: string): number {
  return Number(/^V1\.(\d+)\./.exec(etsi)?.[1] ?? 99);
}
