import type { XmlErrorCode } from './read.js';

/*
 * Documents that readers of XML fall for, with what is to come of each. For tests.
 */

/** `ok`, or why a document is refused. */
export type Verdict = 'ok' | XmlErrorCode;
export type CorpusCase = readonly [name: string, document: string | Uint8Array, verdict: Verdict];

const utf16 = (text: string, littleEndian = true, bom = true): Uint8Array => {
  const bytes = Buffer.from((bom ? '\ufeff' : '') + text, 'utf16le');
  return littleEndian ? bytes : bytes.swap16();
};
const bytes = (...parts: (string | number[])[]): Uint8Array =>
  Buffer.concat(parts.map((p) => (typeof p === 'string' ? Buffer.from(p) : Buffer.from(p))));
const nested = (depth: number): string => '<a>'.repeat(depth) + '</a>'.repeat(depth);
const entities = (count: number): string =>
  `<!DOCTYPE l [<!ENTITY l0 "ha">${Array.from({ length: count }, (_, i) => `<!ENTITY l${i + 1} "${`&l${i};`.repeat(10)}">`).join('')}]><l>&l${count};</l>`;
const manyAttributes = (n: number): string =>
  `<a ${Array.from({ length: n }, (_, i) => `b${i}=""`).join(' ')}/>`;

export const wellFormed: readonly CorpusCase[] = [
  ['an empty element', '<a/>', 'ok'],
  ['an empty element with an end tag', '<a></a>', 'ok'],
  ['a declaration and a comment before the root', '<?xml version="1.0"?><!-- c --><a/>', 'ok'],
  ['a declared UTF-8', '<?xml version="1.0" encoding="UTF-8"?><a>ñ</a>', 'ok'],
  ['a declared utf8 as some write it', '<?xml version="1.0" encoding="utf8"?><a/>', 'ok'],
  ['a declared US-ASCII', '<?xml version="1.0" encoding="us-ascii"?><a/>', 'ok'],
  ['a declared standalone', '<?xml version="1.0" encoding="UTF-8" standalone="yes"?><a/>', 'ok'],
  ['a declaration in single quotes', "<?xml version='1.0' encoding='utf-8'?><a/>", 'ok'],
  ['version 1.1, read as 1.0', '<?xml version="1.1"?><a/>', 'ok'],
  ['a byte order mark', bytes([0xef, 0xbb, 0xbf], '<a/>'), 'ok'],
  ['white space after the root', '<a/>\r\n\t ', 'ok'],
  ['a comment after the root', '<a/><!-- end -->', 'ok'],
  ['the five predefined entities', '<a>&lt;&gt;&amp;&quot;&apos;</a>', 'ok'],
  ['decimal and hexadecimal references', '<a>&#65;&#x41;&#x1F600;</a>', 'ok'],
  ['a CDATA section with markup', '<a><![CDATA[<b>&c;]]></a>', 'ok'],
  ['a rebound default namespace', '<a xmlns="u"><b xmlns="v"><c xmlns=""/></b></a>', 'ok'],
  ['the xml prefix undeclared', '<a xml:lang="es"/>', 'ok'],
  ['the same local name in two namespaces', '<a xmlns:p="u" xmlns:q="v" p:x="1" q:x="2"/>', 'ok'],
  ['a prefix named __proto__', '<__proto__:a xmlns:__proto__="u" __proto__:b="1"/>', 'ok'],
  [
    'elements named like object members',
    '<constructor><toString/><hasOwnProperty x="1"/></constructor>',
    'ok',
  ],
  ['a processing instruction', '<a><?go now?></a>', 'ok'],
  ['astral characters', '<a>\u{1F6A8}</a>', 'ok'],
  ['the greatest depth', nested(32), 'ok'],
  ['the most elements', `<a>${'<b/>'.repeat(1999)}</a>`, 'ok'],
  ['the most attributes', manyAttributes(64), 'ok'],
];

export const doctypes: readonly CorpusCase[] = [
  ['a DOCTYPE', '<!DOCTYPE a><a/>', 'doctype'],
  ['a DOCTYPE in lower case', '<!doctype a><a/>', 'doctype'],
  ['a DOCTYPE in mixed case', '<!DocType a><a/>', 'doctype'],
  ['an external DTD', '<!DOCTYPE a SYSTEM "http://127.0.0.1/x.dtd"><a/>', 'doctype'],
  [
    'a file as external entity',
    '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
    'doctype',
  ],
  ['a parameter entity', '<!DOCTYPE a [<!ENTITY % p SYSTEM "http://127.0.0.1/"> %p;]><a/>', 'doctype'],
  ['a billion laughs', entities(9), 'doctype'],
  [
    'a quadratic blow-up',
    `<!DOCTYPE a [<!ENTITY x "${'x'.repeat(20_000)}">]><a>${'&x;'.repeat(5_000)}</a>`,
    'doctype',
  ],
  ['a recursive entity', '<!DOCTYPE a [<!ENTITY x "&y;"><!ENTITY y "&x;">]><a>&x;</a>', 'doctype'],
  ['a DOCTYPE behind a comment', `<!--${'x'.repeat(9_000)}--><!DOCTYPE a><a/>`, 'doctype'],
  ['a DOCTYPE behind the root', '<a/><!DOCTYPE a>', 'doctype'],
  ['a DOCTYPE within the root', '<a><!DOCTYPE a></a>', 'doctype'],
  ['a DOCTYPE in UTF-16 LE', utf16('<!DOCTYPE a><a/>'), 'doctype'],
  ['a DOCTYPE in UTF-16 BE', utf16('<!DOCTYPE a><a/>', false), 'doctype'],
  ['a DOCTYPE in UTF-16 without a byte order mark', utf16('<!DOCTYPE a><a/>', true, false), 'doctype'],
  ['a default attribute by DTD', '<!DOCTYPE a [<!ATTLIST a b CDATA "c">]><a/>', 'doctype'],
];

export const encodings: readonly CorpusCase[] = [
  ['UTF-16 LE', utf16('<a/>'), 'not-utf8'],
  ['UTF-16 BE', utf16('<a/>', false), 'not-utf8'],
  ['UTF-16 LE unmarked', utf16('<a/>', true, false), 'not-utf8'],
  ['UTF-16 BE unmarked', utf16('<a/>', false, false), 'not-utf8'],
  ['UTF-32 LE', bytes([0xff, 0xfe, 0, 0, 0x3c, 0, 0, 0]), 'not-utf8'],
  ['a declared UTF-16', '<?xml version="1.0" encoding="UTF-16"?><a/>', 'not-utf8'],
  ['a declared Latin-1', '<?xml version="1.0" encoding="ISO-8859-1"?><a/>', 'not-utf8'],
  ['a declared UTF-7', '<?xml version="1.0" encoding="UTF-7"?><a>+ADwAIQ-</a>', 'not-utf8'],
  ['a declared EBCDIC', '<?xml version="1.0" encoding="IBM037"?><a/>', 'not-utf8'],
  ['EBCDIC bytes', bytes([0x4c, 0x6f, 0xa7, 0x94, 0x93]), 'not-utf8'],
  ['a Latin-1 byte', bytes('<a>', [0xf1], '</a>'), 'not-utf8'],
  ['an overlong encoding of <', bytes('<a>', [0xc0, 0xbc], '</a>'), 'not-utf8'],
  ['an encoded surrogate', bytes('<a>', [0xed, 0xa0, 0x80], '</a>'), 'not-utf8'],
  ['a cut-off sequence', bytes('<a>', [0xe2, 0x82]), 'not-utf8'],
  ['beyond the last code point', bytes('<a>', [0xf4, 0x90, 0x80, 0x80], '</a>'), 'not-utf8'],
  ['a NUL byte', bytes('<a>', [0], '</a>'), 'not-utf8'],
];

export const illFormed: readonly CorpusCase[] = [
  ['nothing', '', 'ill-formed'],
  ['white space only', ' \n', 'ill-formed'],
  ['text only', 'hello', 'ill-formed'],
  ['a comment only', '<!-- a -->', 'ill-formed'],
  ['text before the root', 'x<a/>', 'ill-formed'],
  ['text after the root', '<a/>x', 'ill-formed'],
  ['two roots', '<a/><b/>', 'ill-formed'],
  ['an open root', '<a>', 'ill-formed'],
  ['an end without a start', '</a>', 'ill-formed'],
  ['tags that cross', '<a><b></a></b>', 'ill-formed'],
  ['an end tag in another case', '<a></A>', 'ill-formed'],
  ['a cut-off tag', '<a', 'ill-formed'],
  ['a cut-off attribute', '<a b="', 'ill-formed'],
  ['an attribute without quotes', '<a b=c/>', 'ill-formed'],
  ['an attribute without a value', '<a b/>', 'ill-formed'],
  ['attributes without a space', '<a b="1"c="2"/>', 'ill-formed'],
  ['a duplicate attribute', '<a b="1" b="2"/>', 'ill-formed'],
  ['a duplicate attribute by namespace', '<a xmlns:p="u" xmlns:q="u" p:b="1" q:b="2"/>', 'ill-formed'],
  ['a < in an attribute', '<a b="<"/>', 'ill-formed'],
  ['a bare ampersand', '<a>a & b</a>', 'ill-formed'],
  ['an undefined entity', '<a>&nbsp;</a>', 'ill-formed'],
  ['an entity named like an object member', '<a>&constructor;&__proto__;</a>', 'ill-formed'],
  ['a reference without its end', '<a>&#65</a>', 'ill-formed'],
  ['an empty reference', '<a>&#;</a>', 'ill-formed'],
  ['a reference to NUL', '<a>&#0;</a>', 'ill-formed'],
  ['a reference to a control character', '<a>&#x1;</a>', 'ill-formed'],
  ['a reference to a surrogate', '<a>&#xD800;</a>', 'ill-formed'],
  ['a reference beyond Unicode', '<a>&#x110000;</a>', 'ill-formed'],
  ['a reference of thousands of digits', `<a>&#${'9'.repeat(50_000)};</a>`, 'ill-formed'],
  ['a control character', '<a>\u0001</a>', 'ill-formed'],
  ['U+FFFE', '<a>\ufffe</a>', 'ill-formed'],
  ['a lone surrogate in a string', '<a>\ud800</a>', 'ill-formed'],
  ['a NUL in a string', '<a>\0</a>', 'ill-formed'],
  [']]> in text', '<a>]]></a>', 'ill-formed'],
  ['-- in a comment', '<a><!-- -- --></a>', 'ill-formed'],
  ['an open comment', '<a><!-- </a>', 'ill-formed'],
  ['an open CDATA section', '<a><![CDATA[ </a>', 'ill-formed'],
  ['an XML declaration after white space', ' <?xml version="1.0"?><a/>', 'ill-formed'],
  ['an XML declaration within', '<a><?xml version="1.0"?></a>', 'ill-formed'],
  ['an XML declaration without a version', '<?xml encoding="utf-8"?><a/>', 'ill-formed'],
  ['an element name that starts with a digit', '<1a/>', 'ill-formed'],
  ['a space before the element name', '< a/>', 'ill-formed'],
  ['an unbound prefix on an element', '<p:a/>', 'ill-formed'],
  ['an unbound prefix on an attribute', '<a p:b="1"/>', 'ill-formed'],
  ['a prefix out of its scope', '<a><b xmlns:p="u"/><p:c/></a>', 'ill-formed'],
  ['a prefix bound to nothing', '<a xmlns:p=""><p:b/></a>', 'ill-formed'],
  ['two colons in a name', '<a:b:c xmlns:a="u"/>', 'ill-formed'],
  ['a redefined xml prefix', '<a xmlns:xml="u"/>', 'ill-formed'],
  ['a declared xmlns prefix', '<a xmlns:xmlns="u"/>', 'ill-formed'],
  ['HTML with void elements', '<html><br><p>x</html>', 'ill-formed'],
  ['JSON', '{"a":1}', 'ill-formed'],
];

export const bombs: readonly CorpusCase[] = [
  ['a document one byte too large', `<a>${'x'.repeat(65_536 - 6)}</a>`, 'too-large'],
  ['4 MB of digits', `<a>${'1'.repeat(4_000_000)}</a>`, 'too-large'],
  ['200,000 numeric references', `<a>${'&#1;'.repeat(200_000)}</a>`, 'too-large'],
  ['a size in characters that hides its size in bytes', `<a>${'ñ'.repeat(40_000)}</a>`, 'too-large'],
  ['one level too deep', nested(33), 'too-deep'],
  ['60 kB of open tags', '<a>'.repeat(20_000), 'too-deep'],
  ['60 kB of open tags with namespaces', '<a xmlns="u">'.repeat(4_600), 'too-deep'],
  ['one element too many', `<a>${'<b/>'.repeat(2_000)}</a>`, 'too-many'],
  ['60 kB of empty elements', `<a>${'<b/>'.repeat(15_000)}</a>`, 'too-many'],
  ['one attribute too many', manyAttributes(65), 'too-many'],
  ['thousands of attributes', manyAttributes(6_000), 'too-many'],
  [
    'thousands of namespace declarations',
    `<a ${Array.from({ length: 3_000 }, (_, i) => `xmlns:p${i}="u"`).join(' ')}/>`,
    'too-many',
  ],
  ['60 kB of references that are none', `<a>${'&'.repeat(60_000)}</a>`, 'ill-formed'],
  ['60 kB of [', `<a><![CDATA[${'['.repeat(60_000)}`, 'ill-formed'],
  ['60 kB of ]', `<a><![CDATA[${']'.repeat(60_000)}`, 'ill-formed'],
  ['60 kB of -', `<!-${'-'.repeat(60_000)}`, 'ill-formed'],
  ['60 kB of white space in a tag', `<a ${' '.repeat(60_000)}`, 'ill-formed'],
  ['a name of 60 kB', `<${'a'.repeat(60_000)}`, 'ill-formed'],
  ['16,000 good numeric references', `<a>${'&#9;'.repeat(16_000)}</a>`, 'ok'],
  ['60 kB of CDATA sections', `<a>${'<![CDATA[]]>'.repeat(5_000)}</a>`, 'ok'],
  ['60 kB of comments', `<a>${'<!---->'.repeat(9_000)}</a>`, 'ok'],
  ['60 kB of processing instructions', `<a>${'<?p?>'.repeat(13_000)}</a>`, 'ok'],
];
