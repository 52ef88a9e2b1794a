import { type XmlElement, type XmlLimits, attribute, child, readXml } from '@esinet/xml';

/** A block of additional data about a call (RFC 7852) as a person reads it: names and short values, nothing nested. */
export interface DataBlock {
  /** The block's name without its prefix: `ProviderInfo`, `cap`, `eCall.MSD`. */
  readonly type: string;
  /** In the body, in the provided-by of a location (RFC 7852 6.3), or fetched from where Call-Info said. */
  readonly source: 'value' | 'provided-by' | 'reference';
  /** Number of the body part it is in; see `otherParts`. */
  readonly part?: number;
  /** Where it was fetched. */
  readonly uri?: string;
  readonly fields: readonly DataField[];
  /** What was wrong with it, in words that hold nothing of it. */
  readonly problem?: string;
  /** What was fetched, in base64. */
  readonly document?: string;
}

export interface DataField {
  /** Element or attribute as the RFC calls it; a property of a vCard (RFC 6351) by its own name. */
  readonly name: string;
  readonly value: string;
}

/** Bounds of what is shown of one block: a call taker reads it in a glance, and the record stays small. */
export const maxFields = 40;
export const maxValueLength = 500;
/** Blocks read from one message. */
export const maxBlocks = 16;

const prefix = 'emergencycalldata.';
const blockNamespace = 'urn:ietf:params:xml:ns:EmergencyCallData:';

/** `ProviderInfo` of `application/EmergencyCallData.ProviderInfo+xml`; undefined for what is no such block. */
export function blockType(mediaType: string): string | undefined {
  const slash = mediaType.indexOf('/');
  if (slash < 0 || mediaType.slice(0, slash).toLowerCase() !== 'application') return undefined;
  const subtype = mediaType.slice(slash + 1);
  if (!subtype.toLowerCase().startsWith(prefix)) return undefined;
  const name = subtype.slice(prefix.length);
  const root = name.toLowerCase().endsWith('+xml') ? name.slice(0, -4) : name;
  return root === '' ? undefined : (knownName.get(root.toLowerCase()) ?? root.slice(0, 64));
}

/** `ProviderInfo` of the purpose `EmergencyCallData.ProviderInfo` (RFC 7852 6.1). */
export function purposeType(purpose: string): string | undefined {
  if (!purpose.toLowerCase().startsWith(prefix)) return undefined;
  const root = purpose.slice(prefix.length);
  return root === '' ? undefined : (knownName.get(root.toLowerCase()) ?? root.slice(0, 64));
}

/** Purposes under the same prefix that identify and refer to no data (TS 103 698 6.1.2.7, 6.1.2.11). */
export const identifyingPurposes: ReadonlySet<string> = new Set([
  'callid',
  'msgid',
  'msgtype',
  'did',
  'incidentid',
]);

/** Simple elements by block, in the order of RFC 7852 4. */
const elements: Readonly<Record<string, readonly string[]>> = {
  ProviderInfo: [
    'DataProviderString',
    'ProviderID',
    'ProviderIDSeries',
    'TypeOfProvider',
    'ContactURI',
    'Language',
    'SubcontractorPrincipal',
    'SubcontractorPriority',
    'DataProviderReference',
  ],
  ServiceInfo: ['ServiceEnvironment', 'ServiceType', 'ServiceMobility', 'DataProviderReference'],
  DeviceInfo: [
    'DeviceClassification',
    'DeviceMfgr',
    'DeviceModelNr',
    'UniqueDeviceID',
    'DeviceSpecificData',
    'DeviceSpecificType',
    'DataProviderReference',
  ],
  SubscriberInfo: ['DataProviderReference'],
  Comment: ['Comment', 'DataProviderReference'],
};

const knownName = new Map([...Object.keys(elements), 'eCall.MSD', 'cap'].map((n) => [n.toLowerCase(), n]));

/** Whether the content of a block is read here; others are kept as they are. */
export function isReadableBlock(type: string): boolean {
  return Object.hasOwn(elements, type);
}

/** Reads a block of RFC 7852 4. A block that cannot be read has a `problem` and no fields. */
export function readBlock(
  type: string,
  document: Uint8Array | string,
  from: Pick<DataBlock, 'source' | 'part' | 'uri'>,
  limits?: Partial<XmlLimits>,
): DataBlock {
  const read = readXml(document, limits);
  if (!read.ok) return { type, ...from, fields: [], problem: `XML: ${read.error.code}` };
  return blockOf(type, read.value, from);
}

/** The same from an element, for a block inside another document. */
export function blockOf(
  type: string,
  root: XmlElement,
  from: Pick<DataBlock, 'source' | 'part' | 'uri'>,
): DataBlock {
  const expected = `${blockNamespace}${type}`;
  if (root.uri !== expected || root.local !== `EmergencyCallData.${type}`) {
    return { type, ...from, fields: [], problem: `not a ${type} block` };
  }
  const fields: DataField[] = [];
  for (const name of elements[type] ?? []) {
    for (const e of root.children) {
      if (e.uri !== expected || e.local !== name) continue;
      const kind = attribute(e, 'TypeOfDeviceID');
      add(fields, kind === undefined ? name : `${name} (${clean(kind).slice(0, 20)})`, e.text);
    }
  }
  const asked = attribute(root, 'privacyRequested');
  if (asked !== undefined) add(fields, 'privacyRequested', asked);
  for (const holder of ['DataProviderContact', 'SubscriberData']) {
    const e = child(root, expected, holder);
    if (e) addCard(fields, e);
  }
  return { type, ...from, fields };
}

/** Properties of a vCard (RFC 6351) that help to find or call somebody. */
const cardProperties: readonly string[] = ['fn', 'org', 'tel', 'email', 'adr', 'lang', 'note', 'url'];

function addCard(fields: DataField[], holder: XmlElement): void {
  const card = holder.children.find((e) => e.local === 'vcard') ?? holder;
  for (const property of cardProperties) {
    for (const e of card.children) if (e.local === property) add(fields, property, valueOf(e));
  }
}

/** The text of a property without its parameters, its parts divided by commas. */
function valueOf(e: XmlElement): string {
  if (e.children.length === 0) return e.text;
  return e.children
    .filter((c) => c.local !== 'parameters')
    .map(valueOf)
    .filter((text) => clean(text) !== '')
    .map((text) => clean(text))
    .join(', ');
}

export function add(fields: DataField[], name: string, value: string): void {
  const text = clean(value);
  if (text === '' || fields.length >= maxFields) return;
  fields.push({ name, value: text });
}

/** One line, without control characters, a copy of its own. */
function clean(text: string): string {
  let line = '';
  let blank = false;
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0;
    if (code <= 0x20 || code === 0x7f || (code >= 0x80 && code < 0xa0)) {
      blank = line !== '';
      continue;
    }
    if (line.length >= maxValueLength) return `${line}…`;
    line += blank ? ` ${char}` : char;
    blank = false;
  }
  return Buffer.from(line).toString();
}

/** Blocks in the provided-by of a location, by value and by reference (RFC 7852 6.2, 6.3). */
export function providedData(
  providedBy: string,
  limits?: Partial<XmlLimits>,
): { readonly blocks: DataBlock[]; readonly references: { readonly type: string; readonly uri: string }[] } {
  const blocks: DataBlock[] = [];
  const references: { type: string; uri: string }[] = [];
  const read = providedBy.includes('EmergencyCallData')
    ? readXml(`<provided-by>${providedBy}</provided-by>`, limits)
    : undefined;
  if (read?.ok !== true) return { blocks, references };
  for (const e of read.value.children) {
    if (e.local === 'EmergencyCallDataReference') {
      const type = purposeType(attribute(e, 'purpose') ?? '');
      const uri = attribute(e, 'ref');
      if (type !== undefined && uri !== undefined) references.push({ type, uri });
    } else if (e.local === 'EmergencyCallDataValue') {
      for (const block of e.children) {
        const type = purposeType(block.local);
        if (type !== undefined && isReadableBlock(type)) {
          blocks.push(blockOf(type, block, { source: 'provided-by' }));
        }
      }
    }
  }
  return { blocks: blocks.slice(0, maxBlocks), references: references.slice(0, maxBlocks) };
}
