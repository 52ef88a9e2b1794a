import type { EndpointId, Reference } from './model.js';
import { namespaces, unspecified } from './names.js';

/**
 * What was agreed with one authority. The model inside is always that of V1.5.1; a profile narrows what is written of
 * it, so that no other code asks for versions.
 */
export interface PeerProfile {
  readonly specification: '1.1.1' | '1.5.1';
  /** Edition of TS 103 120 that is said in the header: `V1.23.1`. */
  readonly etsiVersion: string;
  /** Namespace of TS 103 707 documents. */
  readonly namespace: string;
  readonly reference: Reference['kind'];
  /** Several items in one DeliveryObject. Since V1.3.1 */
  readonly collections: boolean;
  /** The manifest value is known since V1.14.1 of TS 103 120. */
  readonly manifest: boolean;
  /** A: they fetch from us. B: we send after the DeliveryObject. TS 103 707 Annex C */
  readonly binary: 'A' | 'B';
  readonly sender: EndpointId;
  /** Not named unless they want it. TS 103 707 5.1 */
  readonly receiver: EndpointId;
  /** Whether the schema of our own parameters goes along: on first use, always, never. */
  readonly schemaContent: 'first' | 'always' | 'never';
  /** Largest document, in octets of XML, and most items in one. */
  readonly maxBytes: number;
  readonly maxItems: number;
}

/** What follows from the version alone. */
export const profileDefaults: Readonly<
  Record<PeerProfile['specification'], Omit<PeerProfile, 'sender' | 'specification'>>
> = {
  '1.5.1': {
    etsiVersion: 'V1.23.1',
    namespace: namespaces.handover,
    reference: 'LDID',
    collections: true,
    manifest: true,
    binary: 'A',
    receiver: { countryCode: unspecified.country, uniqueIdentifier: unspecified.endpoint },
    schemaContent: 'first',
    maxBytes: 1_048_576,
    maxItems: 500,
  },
  '1.1.1': {
    etsiVersion: 'V1.4.1',
    namespace: namespaces.handover,
    reference: 'LIID',
    collections: false,
    manifest: false,
    binary: 'A',
    receiver: { countryCode: unspecified.country, uniqueIdentifier: unspecified.endpoint },
    schemaContent: 'first',
    maxBytes: 1_048_576,
    maxItems: 500,
  },
};

/** Why a profile cannot be: no specification knows such a mix. */
export function profileProblems(p: PeerProfile): string[] {
  const problems: string[] = [];
  if (p.specification === '1.1.1') {
    if (p.reference === 'LDID')
      problems.push('V1.1.1 knows no LDID (it came with V1.2.1): set reference to LIID');
    if (p.collections)
      problems.push('V1.1.1 knows no collections (they came with V1.3.1): set collections to false');
  }
  if (!/^V\d+\.\d+\.\d+$/.test(p.etsiVersion)) {
    problems.push(`"${p.etsiVersion}" is no edition of TS 103 120: expected one such as V1.23.1`);
  } else if (p.manifest && isBefore(p.etsiVersion, [1, 14, 1])) {
    problems.push(
      `TS 103 120 ${p.etsiVersion} has no manifest value for TS 103 707 (since V1.14.1): set manifest to false`,
    );
  }
  for (const [who, { countryCode, uniqueIdentifier }] of Object.entries({
    sender: p.sender,
    receiver: p.receiver,
  })) {
    if (!/^[A-Z]{2}$/.test(countryCode)) problems.push(`${who}.countryCode has to be two capital letters`);
    if (uniqueIdentifier === '' || uniqueIdentifier.length > 65_535)
      problems.push(`${who}.uniqueIdentifier is missing`);
  }
  return problems;
}

/** TS 103 280: whether a reference can be written. */
export function isReference({ kind, value }: Reference): boolean {
  return kind === 'LDID' ? /^[A-Z]{2}-.+-.+$/.test(value) : /^(?:[!-~]{1,25}|[0-9a-f]{26,50})$/.test(value);
}

function isBefore(version: string, than: readonly number[]): boolean {
  const numbers = version.slice(1).split('.').map(Number);
  for (const [i, wanted] of than.entries()) {
    const has = numbers[i] ?? 0;
    if (has !== wanted) return has < wanted;
  }
  return false;
}
