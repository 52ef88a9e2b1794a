import { describe, expect, it } from 'vitest';
import { attribute, child, childrenOf, type XmlElement } from './element.js';
import { readXml } from './read.js';
import { escapeAttribute, escapeText, serialize } from './write.js';

function read(text: string): XmlElement {
  const result = readXml(text);
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}

describe('reading', () => {
  it('expands names and leaves prefixes behind', { meta: { clause: 'Namespaces in XML 1.0 2.1' } }, () => {
    const root = read('<p:a xmlns:p="u" xmlns="v" p:x="1" y="2" xml:lang="es"><b/><p:b/><b xmlns=""/></p:a>');
    expect([root.uri, root.local]).toEqual(['u', 'a']);
    expect([...root.attributes]).toEqual([
      ['{u}x', '1'],
      ['y', '2'],
      ['{http://www.w3.org/XML/1998/namespace}lang', 'es'],
    ]);
    expect(root.children.map((c) => c.uri)).toEqual(['v', 'u', '']);
    expect(attribute(root, 'y')).toBe('2');
    expect(attribute(root, 'x')).toBeUndefined();
    expect(child(root, 'u', 'b')).toBe(root.children[1]);
    expect(childrenOf(root, 'v', 'b')).toEqual([root.children[0]]);
  });

  it('gathers direct text, CDATA and references, untrimmed', { meta: { clause: 'XML 1.0 2.7' } }, () => {
    const root = read('<a> x <b>in</b>&amp;<![CDATA[<y>&lt;]]>&#x20AC;<!-- no --><?no no?> </a>');
    expect(root.text).toBe(' x &<y>&lt;€ ');
  });

  it('normalises line ends', { meta: { clause: 'XML 1.0 2.11' } }, () => {
    expect(read('<a>1\r\n2\r3</a>').text).toBe('1\n2\n3');
  });

  it('keeps to the limits it is given', () => {
    const code = (text: string, limits: Parameters<typeof readXml>[1]): string | undefined => {
      const result = readXml(text, limits);
      return result.ok ? undefined : result.error.code;
    };
    expect(code('<a><b/></a>', { maxDepth: 1 })).toBe('too-deep');
    expect(code('<a><b/></a>', { maxElements: 1 })).toBe('too-many');
    expect(code('<a b="" c=""/>', { maxAttributes: 1 })).toBe('too-many');
    expect(code('<a></a>', { maxBytes: 6 })).toBe('too-large');
    expect(code('<a></a>', { maxBytes: 7 })).toBeUndefined();
  });
});

describe('reading where readers of others forgive', () => {
  const code = (document: string): string => {
    const result = readXml(document);
    return result.ok ? 'ok' : result.error.code;
  };
  it.each([
    ['no white space behind the target of an instruction', 'XML 1.0 2.6', '<a><?p?q?></a>'],
    ['a colon in the target of an instruction', 'Namespaces in XML 1.0 7', '<a><?p:q?></a>'],
    ['a local part that starts with a digit', 'Namespaces in XML 1.0 4', '<p:1 xmlns:p="u"/>'],
    ['a declared prefix that starts with a full stop', 'Namespaces in XML 1.0 4', '<a xmlns:.p="u"/>'],
    ['a character that no encoding name has', 'XML 1.0 4.3.3', '<?xml version="1.0" encoding="utf/8"?><a/>'],
    ['two byte order marks', 'XML 1.0 4.3.3', '\ufeff\ufeff<a/>'],
    [
      'another prefix bound to the xml namespace',
      'Namespaces in XML 1.0 3',
      '<a xmlns:p="http://www.w3.org/XML/1998/namespace"/>',
    ],
    [
      'the xmlns namespace as the default',
      'Namespaces in XML 1.0 3',
      '<a xmlns="http://www.w3.org/2000/xmlns/"/>',
    ],
    ['a namespace declared twice in a tag', 'XML 1.0 3.1', '<a xmlns:p="u" xmlns:p="u"/>'],
    ['half of a pair before a letter', 'XML 1.0 2.2', '<a b="\ud83dx"/>'],
    ['half of a pair at the end of a comment', 'XML 1.0 2.2', '<a><!--\ud83d--></a>'],
  ])(
    'refuses %s',
    { meta: { clause: ['XML 1.0 2.1', 'Namespaces in XML 1.0 7'] } },
    (_what, _clause, document) => {
      expect(code(document)).toBe('ill-formed');
    },
  );

  it('takes names of namespaces as they are', { meta: { clause: 'Namespaces in XML 1.0 2.3' } }, () => {
    expect(read('<a xmlns=" u"/>').uri).toBe(' u');
    expect(read('<a xmlns:p="u" xmlns:q="u " p:b="1" q:b="2"/>').attributes.size).toBe(2);
  });

  it(
    'binds prefixes where they are declared and nowhere else',
    { meta: { clause: 'Namespaces in XML 1.0 6.1' } },
    () => {
      const root = read(
        '<a xmlns:p="u" xmlns="d"><b xmlns:p="v" p:c="1"><p:c/></b><p:c xmlns=""><e/></p:c><f/></a>',
      );
      const [b, c, f] = root.children;
      expect([b?.attributes.get('{v}c'), b?.children[0]?.uri]).toEqual(['1', 'v']);
      expect([c?.uri, c?.children[0]?.uri, f?.uri]).toEqual(['u', '', 'd']);
    },
  );

  it(
    'normalises white space in values, but not where it is referred to',
    { meta: { clause: 'XML 1.0 3.3.3' } },
    () => {
      expect(attribute(read('<a b=" 1\r\n2\t3\r4&#10;&#9;&#13; "/>'), 'b')).toBe(' 1 2 3 4\n\t\r ');
    },
  );

  it('reads one document after a longer one', () => {
    expect(read(`<a>${'x'.repeat(50_000)}</a>`).text).toHaveLength(50_000);
    expect(read('<a>y</a>').text).toBe('y');
    expect(code('<a>y</a')).toBe('ill-formed');
    expect(code('<a>y</')).toBe('ill-formed');
    expect(code('<a>y')).toBe('ill-formed');
    expect(code('<a b="')).toBe('ill-formed');
  });

  it('reads documents longer than usual where the limit allows', () => {
    const result = readXml(`<a>${'x'.repeat(300_000)}</a>`, { maxBytes: 1_000_000 });
    expect(result.ok && result.value.text.length).toBe(300_000);
  });
});

describe('writing', () => {
  it('escapes so that reading gives the same back', { meta: { clause: 'XML 1.0 2.4, 3.3.3' } }, () => {
    const text = 'a<b>&"\' ]]> \t\n\r ñ \u{1F6A8}';
    const root = read(`<a b="${escapeAttribute(text)}">${escapeText(text)}</a>`);
    expect(root.text).toBe(text);
    expect(attribute(root, 'b')).toBe(text);
  });

  it('drops what XML 1.0 cannot carry', { meta: { clause: 'XML 1.0 2.2' } }, () => {
    const text = 'a\0\u0008\u000b\ufffe\uffff\ud800b\udfff\u{1F6A8}';
    expect(escapeText(text)).toBe('ab\u{1F6A8}');
    expect(escapeAttribute(text)).toBe('ab\u{1F6A8}');
  });

  it('copies a subtree with its namespaces', { meta: { clause: 'RFC 5222 6' } }, () => {
    const source =
      '<l:path xmlns:l="urn:ietf:params:xml:ns:lost1" xmlns:e="urn:e"><l:via source="a&amp;b"/>' +
      '<e:x e:y="1" xml:lang="es"> t </e:x><z/></l:path>';
    const root = read(source);
    const written = serialize(root);
    expect(read(written)).toEqual(root);
    // Standing in a document with other bindings it keeps its meaning.
    expect(read(`<o xmlns="urn:other" xmlns:a1="urn:q">${written}</o>`).children[0]).toEqual(root);
    for (const c of root.children) expect(read(serialize(c))).toEqual(c);
  });

  it('writes what it has read of any document of the corpus the same way twice', () => {
    const root = read('<a xmlns="u" p="&lt;&#10;"><b xmlns=""><c xmlns="u"/></b>&#13;</a>');
    expect(serialize(read(serialize(root)))).toBe(serialize(root));
  });
});
