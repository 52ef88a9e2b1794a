import { err, ok, type Result } from '@esinet/kernel';
import { attribute, escapeAttribute, escapeText, serialize, type XmlElement } from '@esinet/xml';
import { CIVIC_NS, CIVIC_ORDER, civicKey, civicNamespace } from './civic-names.js';
import type { LocationError } from './location-error.js';

const XML_LANG = '{http://www.w3.org/XML/1998/namespace}lang';
/** Elements of one address; the registry of CAtypes has some fifty. */
export const MAX_CIVIC_ELEMENTS = 200;

export interface CivicElement {
  /** The CAtype: country, A1, RD, HNO, … */
  readonly name: string;
  /** White space at the ends is gone. */
  readonly value: string;
  /** The namespace of an extension (RFC 6848 3.1); absent for the elements of RFC 5139. */
  readonly uri?: string;
  /** BCP 47, where this element has a language of its own (RFC 5139 3.5). */
  readonly lang?: string;
  /** An extension with elements inside, as XML: passed on, never looked into. */
  readonly xml?: string;
}

/** RFC 5139 and 6848. Elements not known are kept. */
export interface CivicAddress {
  /** BCP 47, with the script where it matters: `sr-Latn` (RFC 5139 3.5). */
  readonly lang?: string;
  readonly elements: readonly CivicElement[];
}

/** The place in the schema, RFC 5139 4; a name not in it goes behind. */
const PLACE: ReadonlyMap<string, number> = new Map(CIVIC_ORDER.map((name, i) => [name, i]));

/** RFC 5139 4. Elements without text are left out; an address without any element is an error 'no-location'. */
export function readCivic(e: XmlElement): Result<CivicAddress, LocationError> {
  if (e.local !== 'civicAddress') return err({ code: 'no-location', message: 'not a civicAddress' });
  const elements: CivicElement[] = [];
  for (const c of e.children) {
    const value = detached(textOf(c).trim());
    if (value === '') continue;
    if (elements.length >= MAX_CIVIC_ELEMENTS)
      return err({ code: 'range', message: 'an address of too many elements' });
    const own = c.uri === e.uri || c.uri === CIVIC_NS;
    const lang = attribute(c, XML_LANG);
    elements.push({
      name: c.local,
      value,
      ...(own ? {} : { uri: c.uri }),
      ...(lang ? { lang: detached(lang) } : {}),
      ...(own || c.children.length === 0 ? {} : { xml: detached(serialize(c)) }),
    });
  }
  if (elements.length === 0) return err({ code: 'no-location', message: 'an empty civicAddress' });
  const lang = attribute(e, XML_LANG);
  return ok(lang ? { lang: detached(lang), elements } : { elements });
}

function textOf(e: XmlElement): string {
  return e.text + e.children.map(textOf).join(' ');
}

/** A copy of its own: a part of a string keeps the whole document in memory. */
function detached(s: string): string {
  return Buffer.from(s).toString();
}

/** The first element of that name (see `civicKey`), or undefined. */
export function civicElement(address: CivicAddress, key: string): CivicElement | undefined {
  return address.elements.find((e) => civicKey(e.name, e.uri) === key);
}

/**
 * Valid by RFC 5139 4 wherever the elements allow it: in the order of the schema, the country in capitals. Extensions
 * keep their namespace and come last (RFC 6848 2); those of RFC 6848 get theirs where the address did not say it. What
 * no schema allows, such as an element twice or a name nobody knows, is kept: a caller's words are not ours to drop.
 */
export function writeCivic(c: CivicAddress): string {
  const place = (e: CivicElement): number =>
    civicNamespace(e.name, e.uri) === undefined ? (PLACE.get(e.name) ?? PLACE.size) : PLACE.size + 1;
  const sorted = c.elements.filter((e) => isName(e.name)).sort((a, b) => place(a) - place(b));
  return `<civicAddress xmlns="${CIVIC_NS}"${langAttribute(c.lang)}>${sorted.map(writeElement).join('')}</civicAddress>`;
}

function writeElement(e: CivicElement): string {
  if (e.xml !== undefined) return e.xml;
  const uri = civicNamespace(e.name, e.uri);
  const declaration = uri === undefined ? '' : ` xmlns="${escapeAttribute(uri)}"`;
  if (uri === undefined && e.name === 'country') {
    // RFC 5139 3.3: two capitals.
    const value = /^[A-Za-z]{2}$/.test(e.value) ? e.value.toUpperCase() : e.value;
    return `<country>${escapeText(value)}</country>`;
  }
  // RFC 5139 3.5: a place type is a token without a language.
  const lang = uri === undefined && e.name === 'PLC' ? '' : langAttribute(e.lang);
  return `<${e.name}${declaration}${lang}>${escapeText(e.value)}</${e.name}>`;
}

/** What is no language tag would make the document invalid (xs:language). */
function langAttribute(lang: string | undefined): string {
  return lang !== undefined && /^[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*$/.test(lang) ? ` xml:lang="${lang}"` : '';
}

/** An address may come from a configuration or a form: only what can be an element name becomes one. */
function isName(name: string): boolean {
  return /^[A-Za-z_][-A-Za-z0-9_.]{0,63}$/.test(name);
}
