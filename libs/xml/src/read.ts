import { err, ok, type Result } from '@esinet/kernel';
import { DocumentReader } from './document-reader.js';
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

const DOCTYPE = /<!doctype/i;
const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads a namespace-well-formed XML 1.0 document (UTF-8, no DOCTYPE) into elements.
 * Never throws: the first thing wrong is the answer.
 */
export function readXml(
  bytes: Uint8Array | string,
  limits?: Partial<XmlLimits>,
): Result<XmlElement, XmlError> {
  const limit = limits ? { ...DEFAULT_XML_LIMITS, ...limits } : DEFAULT_XML_LIMITS;
  const text = decode(bytes, limit.maxBytes);
  if (!text.ok) return text;
  // Most documents have no `<!` at all, which is found out faster.
  if (text.value.includes('<!') && DOCTYPE.test(text.value))
    return err({ code: 'doctype', message: 'a DOCTYPE is not accepted' });
  // XML 1.0, 2.11: before anything is parsed.
  const normal = text.value.includes('\r') ? text.value.replace(/\r\n?/g, '\n') : text.value;
  const reader = new DocumentReader(normal, limit);
  const root = reader.read();
  if (root) return ok(root);
  const { code, message, at } = reader.refusal ?? { code: 'ill-formed', message: '', at: 0 };
  return err({ code, message, ...placeOf(normal, at) });
}

function decode(bytes: Uint8Array | string, maxBytes: number): Result<string, XmlError> {
  const size = typeof bytes === 'string' ? bytes.length : bytes.byteLength;
  if (size > maxBytes) return err(tooLarge(maxBytes));
  if (typeof bytes === 'string') {
    if (Buffer.byteLength(bytes) > maxBytes) return err(tooLarge(maxBytes));
    return ok(bytes.charCodeAt(0) === 0xfeff ? bytes.slice(1) : bytes);
  }
  // What a lenient decoder replaces nothing in is UTF-8; its own U+FFFD sends a document the slower way, no more.
  const text = viewOf(bytes).toString('utf8');
  if (!text.includes('\ufffd') && !text.includes('\0'))
    return ok(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);
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

function viewOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Line from 1, column from 0. */
function placeOf(text: string, at: number): { line: number; column: number } {
  let line = 1;
  let start = 0;
  for (let end = text.indexOf('\n'); end >= 0 && end < at; end = text.indexOf('\n', start)) {
    line++;
    start = end + 1;
  }
  return { line, column: Math.max(0, Math.min(at, text.length) - start) };
}
