export const CIVIC_NS = 'urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr';
/** RFC 6848 5.5. */
export const CIVIC_EXT_NS = 'urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr:ext';
/** NENA's civic extensions: the separator between a street's type and its name stands in the first of them. */
export const NENA_CIVIC_NS = 'urn:nena:xml:ns:pidf:nenaCivicAddr';

/** The elements of RFC 5139 4 in the order of its schema. */
export const CIVIC_ORDER: readonly string[] = (
  'country A1 A2 A3 A4 A5 A6 PRM PRD RD STS POD POM RDSEC RDBR RDSUBBR HNO HNS LMK LOC FLR NAM PC BLD UNIT ROOM ' +
  'SEAT PLC PCN POBOX ADDCODE'
).split(' ');

const BASE: ReadonlySet<string> = new Set(CIVIC_ORDER);
/** RFC 6848 5: post number, milepost, street type before the name, prefix of the house number. */
const EXTENSION: ReadonlySet<string> = new Set(['PN', 'MP', 'STP', 'HNP']);

/** Whether RFC 5139 has an element of this name. */
export function isBaseCivicName(name: string): boolean {
  return BASE.has(name);
}

/**
 * One name for an element however it is written: `HNO`, `STP` (RFC 6848, also of a sender who forgot its namespace),
 * `STPS` (NENA), `{uri}name` of any other extension.
 */
export function civicKey(name: string, uri: string | undefined): string {
  if (uri === undefined || uri === CIVIC_NS || uri === '') return name;
  if (uri === CIVIC_EXT_NS && EXTENSION.has(name)) return name;
  if (uri === NENA_CIVIC_NS && name === 'STPS') return name;
  return `{${uri}}${name}`;
}

/** The namespace an element has to be written in; undefined is that of RFC 5139. */
export function civicNamespace(name: string, uri: string | undefined): string | undefined {
  if (uri !== undefined && uri !== CIVIC_NS && uri !== '') return uri;
  if (EXTENSION.has(name)) return CIVIC_EXT_NS;
  return name === 'STPS' ? NENA_CIVIC_NS : undefined;
}
