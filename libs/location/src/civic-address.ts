import { err, ok, type Result } from '@esinet/kernel';
import { attribute, escapeAttribute, escapeText, type XmlElement } from '@esinet/xml';
import type { LocationError } from './location-error.js';

export const CIVIC_NS = 'urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr';
const XML_LANG = '{http://www.w3.org/XML/1998/namespace}lang';
/** Elements of one address; the registry of CAtypes has some fifty. */
export const MAX_CIVIC_ELEMENTS = 200;

export interface CivicElement {
  /** The CAtype: country, A1, RD, HNO, … */
  readonly name: string;
  readonly value: string;
  /** The namespace of an extension (RFC 6848 3.1); absent for the elements of RFC 5139. */
  readonly uri?: string;
}

/** RFC 5139 and 6848. Elements not known are kept. */
export interface CivicAddress {
  readonly lang?: string;
  readonly elements: readonly CivicElement[];
}

/** The order of the schema, RFC 5139 4; a name not in it goes behind. */
const ORDER: ReadonlyMap<string, number> = new Map(
  (
    'country A1 A2 A3 A4 A5 A6 PRM PRD RD STS POD POM RDSEC RDBR RDSUBBR HNO HNS LMK LOC FLR NAM PC BLD UNIT ROOM ' +
    'SEAT PLC PCN POBOX ADDCODE'
  )
    .split(' ')
    .map((name, i) => [name, i]),
);

/** RFC 5139 4. Elements without text are left out; an address without any element is an error 'no-location'. */
export function readCivic(e: XmlElement): Result<CivicAddress, LocationError> {
  if (e.local !== 'civicAddress') return err({ code: 'no-location', message: 'not a civicAddress' });
  const elements: CivicElement[] = [];
  for (const c of e.children) {
    // A copy of its own: a part of a string keeps the whole document in memory.
    const value = Buffer.from(textOf(c).trim()).toString();
    if (value === '') continue;
    if (elements.length >= MAX_CIVIC_ELEMENTS)
      return err({ code: 'range', message: 'an address of too many elements' });
    elements.push(
      c.uri === e.uri || c.uri === CIVIC_NS ? { name: c.local, value } : { name: c.local, value, uri: c.uri },
    );
  }
  if (elements.length === 0) return err({ code: 'no-location', message: 'an empty civicAddress' });
  const lang = attribute(e, XML_LANG);
  return ok(lang ? { lang, elements } : { elements });
}

function textOf(e: XmlElement): string {
  return e.text + e.children.map(textOf).join(' ');
}

/** In the order of the schema; extensions keep their namespace and come last (RFC 6848 3.1). */
export function writeCivic(c: CivicAddress): string {
  const place = (e: CivicElement): number => (e.uri ? ORDER.size + 1 : (ORDER.get(e.name) ?? ORDER.size));
  const sorted = [...c.elements].sort((a, b) => place(a) - place(b));
  const lang = c.lang ? ` xml:lang="${escapeAttribute(c.lang)}"` : '';
  const content = sorted.filter((e) => isName(e.name)).map(writeElement);
  return `<civicAddress xmlns="${CIVIC_NS}"${lang}>${content.join('')}</civicAddress>`;
}

function writeElement(e: CivicElement): string {
  const declaration = e.uri === undefined ? '' : ` xmlns="${escapeAttribute(e.uri)}"`;
  return `<${e.name}${declaration}>${escapeText(e.value)}</${e.name}>`;
}

/** An address may come from a configuration or a form: only what can be an element name becomes one. */
function isName(name: string): boolean {
  return /^[A-Za-z_][-A-Za-z0-9_.]{0,63}$/.test(name);
}
