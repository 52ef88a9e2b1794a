import type { XmlElement } from './element.js';

const XML_NAMESPACE = 'http://www.w3.org/XML/1998/namespace';
/** Everything outside of the Char production (XML 1.0, 2.2), lone surrogates included. */
const NOT_XML = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;
/** Neither to be dropped nor to be referred to, in text nor in a value: most of what is written, told in one look. */
const PLAIN = /^[ !#-%(-;=?-~]*$/;
const TEXT = /[&<>\r]/g;
const ATTRIBUTE = /[&<>"'\t\n\r]/g;

const REFERENCES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  '\t': '&#9;',
  '\n': '&#10;',
  '\r': '&#13;',
};

const reference = (character: string): string => REFERENCES[character] ?? '';

/** Text as element content. Characters XML 1.0 cannot carry are dropped; a carriage return survives re-reading. */
export function escapeText(s: string): string {
  if (PLAIN.test(s)) return s;
  return s.replace(NOT_XML, '').replace(TEXT, reference);
}

/** Text as the value of a quoted attribute; white space survives attribute-value normalisation (XML 1.0, 3.3.3). */
export function escapeAttribute(s: string): string {
  if (PLAIN.test(s)) return s;
  return s.replace(NOT_XML, '').replace(ATTRIBUTE, reference);
}

/**
 * Writes an element so that it can stand anywhere in another document: every element declares the default
 * namespace where it differs from its parent's. Equal in meaning to what was read, except for comments,
 * processing instructions, the place of text between child elements, and prefixes inside of values.
 */
export function serialize(e: XmlElement): string {
  return write(e, undefined);
}

function write(e: XmlElement, inherited: string | undefined): string {
  let head = `<${e.local}`;
  if (e.uri !== inherited) head += ` xmlns="${escapeAttribute(e.uri)}"`;
  let prefixes = 0;
  for (const [key, value] of e.attributes) {
    const end = key.startsWith('{') ? key.lastIndexOf('}') : -1;
    const uri = end < 0 ? '' : key.slice(1, end);
    const local = key.slice(end + 1);
    if (uri === '') {
      head += ` ${local}="${escapeAttribute(value)}"`;
    } else if (uri === XML_NAMESPACE) {
      head += ` xml:${local}="${escapeAttribute(value)}"`;
    } else {
      prefixes += 1;
      head += ` xmlns:a${prefixes}="${escapeAttribute(uri)}" a${prefixes}:${local}="${escapeAttribute(value)}"`;
    }
  }
  // Indentation between child elements carries no meaning in the vocabularies read here.
  const text = e.children.length > 0 && e.text.trim() === '' ? '' : escapeText(e.text);
  if (text === '' && e.children.length === 0) return `${head}/>`;
  return `${head}>${text}${e.children.map((c) => write(c, e.uri)).join('')}</${e.local}>`;
}
