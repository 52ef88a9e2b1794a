import { err, ok, type Result } from '@esinet/kernel';
import { SaxesParser } from 'saxes';
import type { XmlElement } from './element.js';
import { DEFAULT_XML_LIMITS, type XmlError, type XmlErrorCode, type XmlLimits } from './read.js';

const XMLNS_NAMESPACE = 'http://www.w3.org/2000/xmlns/';
const DOCTYPE = /<!doctype/i;
/** US-ASCII is a subset of UTF-8; every other name would be a lie or a disguise. */
const ACCEPTED_ENCODINGS = new Set(['utf-8', 'utf8', 'us-ascii', 'ascii']);
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Namespaces in XML 1.0, 4: saxes looks at the first character of a whole name only. */
const NCNAME =
  /^[A-Z_a-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c\u200d\u2070-\u218f\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\u{10000}-\u{effff}][-.0-9A-Z_a-z\u00b7\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u037d\u037f-\u1fff\u200c\u200d\u203f\u2040\u2070-\u218f\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\u{10000}-\u{effff}]*$/u;

interface Draft {
  readonly uri: string;
  readonly local: string;
  readonly attributes: Map<string, string>;
  readonly children: Draft[];
  text: string;
}

/** Thrown through saxes to stop it: left alone it goes on after an error. Never leaves this file. */
class Refusal extends Error {
  constructor(
    readonly code: XmlErrorCode,
    message: string,
  ) {
    super(message);
  }
}

/**
 * `readXml` by a parser of others: the reference of the tests, never on the way of a message. It is left to them what a
 * document is; the same limits hold.
 */
export function readXmlBySaxes(
  bytes: Uint8Array | string,
  limits?: Partial<XmlLimits>,
): Result<XmlElement, XmlError> {
  const limit = { ...DEFAULT_XML_LIMITS, ...limits };
  const text = decode(bytes, limit.maxBytes);
  if (!text.ok) return text;
  if (DOCTYPE.test(text.value)) return err({ code: 'doctype', message: 'a DOCTYPE is not accepted' });
  return parse(text.value, limit);
}

function decode(bytes: Uint8Array | string, maxBytes: number): Result<string, XmlError> {
  const size = typeof bytes === 'string' ? bytes.length : bytes.byteLength;
  if (size > maxBytes) return err(tooLarge(maxBytes));
  if (typeof bytes === 'string') {
    if (Buffer.byteLength(bytes) > maxBytes) return err(tooLarge(maxBytes));
    return ok(bytes.charCodeAt(0) === 0xfeff ? bytes.slice(1) : bytes);
  }
  // ASCII written as UTF-16 or UTF-32 is valid UTF-8 full of NULs: told apart here, before decoding.
  if (
    bytes.includes(0) ||
    (bytes[0] === 0xfe && bytes[1] === 0xff) ||
    (bytes[0] === 0xff && bytes[1] === 0xfe)
  ) {
    const bare = Buffer.from(bytes.filter((b) => b !== 0)).toString('latin1');
    return DOCTYPE.test(bare)
      ? err({ code: 'doctype', message: 'a DOCTYPE is not accepted' })
      : err({ code: 'not-utf8', message: 'a NUL, or an encoding other than UTF-8' });
  }
  try {
    return ok(utf8.decode(bytes));
  } catch {
    return err({ code: 'not-utf8', message: 'the bytes are not UTF-8' });
  }
}

function tooLarge(maxBytes: number): XmlError {
  return { code: 'too-large', message: `more than ${maxBytes} bytes` };
}

/*
 * Four handlers and no more: saxes stores them by computed names, and beyond a dozen such properties V8 turns the
 * parser into a dictionary that is five times slower. What an error handler, an attribute handler and the like would
 * do is done in these four; without an error handler saxes throws at the first error, which is what is wanted.
 */
function parse(text: string, limit: XmlLimits): Result<XmlElement, XmlError> {
  const parser = new SaxesParser({ xmlns: true, defaultXMLVersion: '1.0', forceXMLVersion: true });
  const open: Draft[] = [];
  let root: Draft | undefined;
  let elements = 0;

  parser.on('opentag', (tag) => {
    if (root === undefined) {
      const encoding = parser.xmlDecl.encoding;
      if (encoding !== undefined && !ACCEPTED_ENCODINGS.has(encoding.toLowerCase())) {
        throw new Refusal('not-utf8', 'an encoding other than UTF-8 is declared');
      }
    }
    elements += 1;
    if (elements > limit.maxElements)
      throw new Refusal('too-many', `more than ${limit.maxElements} elements`);
    if (open.length >= limit.maxDepth)
      throw new Refusal('too-deep', `deeper than ${limit.maxDepth} elements`);
    const attributes = Object.values(tag.attributes);
    for (const { prefix, local } of [tag, ...attributes]) {
      if (!NCNAME.test(local) || !(prefix === '' || NCNAME.test(prefix))) throw new Error('no NCName');
    }
    if (attributes.length > limit.maxAttributes) {
      throw new Refusal('too-many', `more than ${limit.maxAttributes} attributes on an element`);
    }
    const element: Draft = { uri: tag.uri, local: tag.local, attributes: new Map(), children: [], text: '' };
    for (const a of attributes) {
      if (a.uri === XMLNS_NAMESPACE) continue;
      element.attributes.set(a.uri === '' ? a.local : `{${a.uri}}${a.local}`, a.value);
    }
    const parent = open.at(-1);
    if (parent) parent.children.push(element);
    else root = element;
    open.push(element);
  });
  const append = (chunk: string): void => {
    const current = open.at(-1);
    if (current) current.text += chunk;
  };
  parser.on('text', append);
  parser.on('cdata', append);
  parser.on('closetag', () => {
    open.pop();
  });

  try {
    parser.write(text).close();
  } catch (e) {
    const position = { line: parser.line, column: parser.column };
    return e instanceof Refusal
      ? err({ code: e.code, message: e.message, ...position })
      : err({ code: 'ill-formed', message: 'not namespace-well-formed XML', ...position });
  }
  return root ? ok(root) : err({ code: 'ill-formed', message: 'no root element' });
}
