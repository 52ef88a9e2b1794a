import { err, ok, type Result } from '@esinet/kernel';
import { SaxesParser } from 'saxes';
import type { XmlElement } from './element.js';

/** What a document may cost. Everything beyond is refused while it is being read. */
export interface XmlLimits {
  /** Size of the encoded document in bytes. */
  readonly maxBytes: number;
  /** Levels of open elements, the root being the first. */
  readonly maxDepth: number;
  /** Elements in the whole document. */
  readonly maxElements: number;
  /** Attributes of one element, namespace declarations included. */
  readonly maxAttributes: number;
}

export const DEFAULT_XML_LIMITS: XmlLimits = {
  maxBytes: 65_536,
  maxDepth: 32,
  maxElements: 2_000,
  maxAttributes: 64,
};

export type XmlErrorCode = 'too-large' | 'doctype' | 'not-utf8' | 'ill-formed' | 'too-deep' | 'too-many';

export interface XmlError {
  readonly code: XmlErrorCode;
  /** Says what is wrong without quoting the document: it may hold a location. */
  readonly message: string;
  readonly line?: number;
  readonly column?: number;
}

const XMLNS_NAMESPACE = 'http://www.w3.org/2000/xmlns/';
const DOCTYPE = /<!doctype/i;
/** US-ASCII is a subset of UTF-8; every other name would be a lie or a disguise. */
const ACCEPTED_ENCODINGS = new Set(['utf-8', 'utf8', 'us-ascii', 'ascii']);
const utf8 = new TextDecoder('utf-8', { fatal: true });

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
 * Reads a namespace-well-formed XML 1.0 document (UTF-8, no DOCTYPE) into elements.
 * Never throws: the first thing wrong is the answer.
 */
export function readXml(
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
