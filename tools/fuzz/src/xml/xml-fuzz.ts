import { type XmlElement, readXml } from '@esinet/xml';
import { readXmlBySaxes } from '@esinet/xml/testing';
import { mutate, seededRandom } from '../mutate.js';
import { xmlContents, xmlMorsels, xmlSeeds } from './xml-seeds.js';

export interface XmlFuzzReport {
  readonly documents: number;
  /** How many of them both readers read, which says how far the mutations come. */
  readonly wellFormed: number;
  /** Not compared: what saxes is known to forgive. */
  readonly skipped: number;
  readonly faults: readonly { readonly fault: string; readonly bytes: Buffer }[];
  readonly slowestMs: number;
}

const maxFaults = 50;

/**
 * Where saxes does not keep to the specification, so that it cannot tell who is right: it trims the names of namespaces,
 * wants no white space behind the target of a processing instruction that a `?` follows, and takes strange characters
 * for parts of an XML declaration, and drops two byte order marks.
 */
const saxesForgives: readonly RegExp[] = [
  /xmlns[^=<>]*=\s*(?:["']\s|"[^"<]*\s"|'[^'<]*\s'|["'][^"'<]*&#)/u,
  /<\?[^\s?<>]+\?[^>]/u,
  /^\ufeff{2}/u,
  /^\ufeff?<\?xml\s(?:(?!\?>)[\w\s."'=?-])*(?!\?>)[^\w\s."'=?-]/u,
];

/** Reads mutated documents with our reader and with saxes: both have to say the same, to the last attribute. */
export function fuzzXml(count: number, seed: number): XmlFuzzReport {
  const random = seededRandom(seed);
  const faults: { fault: string; bytes: Buffer }[] = [];
  let wellFormed = 0;
  let skipped = 0;
  let slowestMs = 0;
  for (let i = 0; i < count && faults.length < maxFaults; i++) {
    const start = xmlSeeds[Math.floor(random() * xmlSeeds.length)] ?? Buffer.alloc(0);
    const bytes = random() < 0.5 ? graft(start, random) : mutate(start, random, xmlMorsels);
    const text = bytes.toString('utf8');
    if (saxesForgives.some((pattern) => pattern.test(text))) {
      skipped++;
      continue;
    }
    // As bytes and as text.
    const document = random() < 0.8 ? bytes : text;
    const before = performance.now();
    const ours = readXml(document);
    slowestMs = Math.max(slowestMs, performance.now() - before);
    const theirs = readXmlBySaxes(document);
    if (ours.ok && theirs.ok) wellFormed++;
    const fault =
      ours.ok && theirs.ok
        ? difference(ours.value, theirs.value)
        : verdict(ours) === verdict(theirs)
          ? undefined
          : `ours ${verdict(ours)}, saxes ${verdict(theirs)}`;
    if (fault !== undefined) faults.push({ fault, bytes });
  }
  return { documents: count, wellFormed, skipped, faults, slowestMs };
}

/** Puts one to four pieces where pieces may stand: behind tags, and within them where attributes are. */
function graft(seed: Buffer, random: () => number): Buffer {
  let text = seed.toString('utf8');
  for (let pieces = 1 + Math.floor(random() * 4); pieces > 0; pieces--) {
    const places = [...text.matchAll(random() < 0.7 ? />/g : /(?<=<[^<>&!?/]{0,200}) |\/?>/g)];
    const place = places[Math.floor(random() * places.length)];
    if (!place) break;
    const content = xmlContents[Math.floor(random() * xmlContents.length)] ?? '';
    const at = place[0] === '>' && !content.startsWith(' ') ? place.index + 1 : place.index;
    text = text.slice(0, at) + content + text.slice(at);
  }
  return Buffer.from(text);
}

function verdict(read: ReturnType<typeof readXml>): string {
  return read.ok ? 'ok' : read.error.code;
}

/** Undefined where two trees are the same. */
function difference(a: XmlElement, b: XmlElement): string | undefined {
  if (a.uri !== b.uri || a.local !== b.local) return 'another name';
  if (a.text !== b.text) return 'another text';
  if (a.attributes.size !== b.attributes.size) return 'other attributes';
  for (const [key, value] of a.attributes) if (b.attributes.get(key) !== value) return 'another attribute';
  if (a.children.length !== b.children.length) return 'other children';
  for (const [i, child] of a.children.entries()) {
    const other = b.children[i];
    const found = other ? difference(child, other) : 'other children';
    if (found !== undefined) return found;
  }
  return undefined;
}
