import { CHARACTERS, SPACE, TEXT_STOP, isPair } from './characters.js';
import { Cursor } from './cursor.js';
import type { XmlElement } from './element.js';
import { NamespaceScope } from './namespace-scope.js';
import type { XmlLimits } from './read.js';

interface Draft {
  readonly uri: string;
  readonly local: string;
  readonly attributes: ReadonlyMap<string, string>;
  children: Draft[];
  text: string;
}

const NO_ATTRIBUTES: ReadonlyMap<string, string> = new Map();
const NO_CHILDREN: Draft[] = [];
/** US-ASCII is a subset of UTF-8; every other name would be a lie or a disguise. */
const ACCEPTED_ENCODINGS = new Set(['utf-8', 'utf8', 'us-ascii', 'ascii']);
/** By far the most, told without more ado. */
const USUAL_DECLARATIONS = ['<?xml version="1.0" encoding="UTF-8"?>', '<?xml version="1.0"?>'];
/** XML 1.0, 2.8 and 4.3.3. A version 1.x is read as 1.0. */
const DECLARATION =
  /^<\?xml[ \t\n]+version[ \t\n]*=[ \t\n]*(?:"1\.[0-9]+"|'1\.[0-9]+')(?:[ \t\n]+encoding[ \t\n]*=[ \t\n]*(?:"([A-Za-z][A-Za-z0-9._-]*)"|'([A-Za-z][A-Za-z0-9._-]*)'))?(?:[ \t\n]+standalone[ \t\n]*=[ \t\n]*(?:"(?:yes|no)"|'(?:yes|no)'))?[ \t\n]*\?>$/;
/** In the place of a colon: the attribute declares a namespace. */
const DECLARES = -2;

const BANG = 0x21;
const AMPERSAND = 0x26;
const SLASH = 0x2f;
const LESS = 0x3c;
const EQUALS = 0x3d;
const GREATER = 0x3e;
const QUESTION = 0x3f;
const BRACKET = 0x5d;

/**
 * Reads one document: XML 1.0 (fifth edition) with namespaces, without DTD, its line ends normalised already. One pass,
 * each unit looked at a fixed number of times; no recursion.
 */
export class DocumentReader extends Cursor {
  #root: Draft | undefined;
  #current: Draft | undefined;
  #elements = 0;
  #encoding: string | undefined;
  readonly #scope = new NamespaceScope();
  /** Of the open elements: names as written, and marks of the scope. */
  readonly #open: Draft[] = [];
  readonly #names: string[] = [];
  readonly #marks: number[] = [];
  /** Of the start tag being read: how many, names, where their colon stands, values. */
  #count = 0;
  readonly #attributeNames: string[] = [];
  readonly #colons: number[] = [];
  readonly #values: string[] = [];

  constructor(
    text: string,
    private readonly limit: XmlLimits,
  ) {
    super(text);
  }

  /** The root element, or undefined with `refusal`. */
  read(): XmlElement | undefined {
    const { length } = this.text;
    if (!this.#declaration()) return undefined;
    while (this.at < length) {
      if (!(this.unit() === LESS ? this.#markup(this.unit(1)) : this.#content())) return undefined;
    }
    if (this.#current) return this.wrong();
    return this.#root ?? this.wrong('no root element');
  }

  #declaration(): boolean {
    const { text } = this;
    for (const usual of USUAL_DECLARATIONS) {
      if (!text.startsWith(usual)) continue;
      this.at = usual.length;
      return true;
    }
    if (!text.startsWith('<?xml') || ((CHARACTERS[this.unit(5)] ?? 0) & SPACE) === 0) return true;
    const end = text.indexOf('?>');
    const match = DECLARATION.exec(text.slice(0, end + 2));
    if (!match) return this.fail();
    this.#encoding = match[1] ?? match[2];
    this.at = end + 2;
    return true;
  }

  #markup(next: number): boolean {
    if (next === SLASH) return this.#endTag();
    if (next === QUESTION) return this.#instruction();
    if (next !== BANG) return this.#startTag();
    if (this.text.startsWith('<!--', this.at)) return this.#comment();
    if (this.#current && this.text.startsWith('<![CDATA[', this.at)) return this.#cdata(this.#current);
    return this.fail();
  }

  /** Text and references; outside of the root white space only. */
  #content(): boolean {
    const { units } = this;
    const current = this.#current;
    if (!current) return this.space() || this.fail();
    const from = this.at;
    let at = from;
    for (; ; at++) {
      const unit = units[at] ?? 0;
      if (((CHARACTERS[unit] ?? 0) & TEXT_STOP) === 0) continue;
      if (unit === LESS || unit === AMPERSAND) break;
      this.at = at;
      if (unit === GREATER) {
        // XML 1.0, 2.4
        if (at >= from + 2 && units[at - 1] === BRACKET && units[at - 2] === BRACKET) return this.fail();
      } else if (isPair(unit, units[at + 1] ?? 0)) at++;
      else return this.fail();
    }
    this.at = at;
    if (at > from) current.text += this.text.slice(from, at);
    if (units[at] !== AMPERSAND) return true;
    const character = this.reference();
    if (character === undefined) return false;
    current.text += character;
    return true;
  }

  /** XML 1.0, 2.5 */
  #comment(): boolean {
    const from = this.at + 4;
    const end = this.text.indexOf('--', from);
    if (end < 0 || this.units[end + 2] !== GREATER || !this.characters(from, end)) return this.fail();
    this.at = end + 3;
    return true;
  }

  /** XML 1.0, 2.7 */
  #cdata(current: Draft): boolean {
    const from = this.at + 9;
    const end = this.text.indexOf(']]>', from);
    if (end < 0 || !this.characters(from, end)) return this.fail();
    current.text += this.text.slice(from, end);
    this.at = end + 3;
    return true;
  }

  /** XML 1.0, 2.6; Namespaces in XML 1.0, 7: no colon in its target. */
  #instruction(): boolean {
    this.at += 2;
    const target = this.name();
    if (target === '' || this.colon >= 0 || target.toLowerCase() === 'xml') return this.fail();
    const from = this.at;
    const end = this.text.indexOf('?>', from);
    if (end < 0 || !this.characters(from, end)) return this.fail();
    if (end > from && !this.space()) return this.fail();
    this.at = end + 2;
    return true;
  }

  #endTag(): boolean {
    const name = this.#names.pop();
    if (name === undefined || !this.text.startsWith(name, this.at + 2)) return this.fail();
    this.at += 2 + name.length;
    if (this.unit() !== GREATER) {
      this.space();
      if (this.unit() !== GREATER) return this.fail();
    }
    this.at++;
    this.#open.pop();
    this.#current = this.#open[this.#open.length - 1];
    this.#scope.leave(this.#marks.pop() ?? 0);
    return true;
  }

  #startTag(): boolean {
    if (this.#root && !this.#current) return this.fail();
    this.at++;
    const name = this.name();
    if (name === '') return this.fail();
    const { colon } = this;
    const mark = this.#scope.mark;
    this.#count = 0;
    let next = this.unit();
    while (next !== GREATER && next !== SLASH) {
      if (!this.space()) return this.fail();
      next = this.unit();
      if (next === GREATER || next === SLASH) break;
      if (!this.#attribute()) return false;
      next = this.unit();
    }
    if (next === SLASH && this.unit(1) !== GREATER) return this.fail();
    this.at += next === SLASH ? 2 : 1;
    const uri = colon < 0 ? this.#scope.defaultUri : this.#scope.resolve(name.slice(0, colon));
    if (uri === undefined) return this.fail();
    const attributes = this.#attributes();
    if (!attributes) return this.fail();
    if (!this.#within()) return false;
    const local = colon < 0 ? name : name.slice(colon + 1);
    const element: Draft = { uri, local, attributes, children: NO_CHILDREN, text: '' };
    const parent = this.#current;
    if (!parent) this.#root = element;
    else if (parent.children === NO_CHILDREN) parent.children = [element];
    else parent.children.push(element);
    if (next === SLASH) {
      this.#scope.leave(mark);
      return true;
    }
    this.#current = element;
    this.#open.push(element);
    this.#names.push(name);
    this.#marks.push(mark);
    return true;
  }

  /** What the document may cost, looked at with every start tag. */
  #within(): boolean {
    const { maxElements, maxDepth, maxAttributes } = this.limit;
    if (!this.#root && this.#encoding !== undefined && !ACCEPTED_ENCODINGS.has(this.#encoding.toLowerCase()))
      return this.fail('not-utf8', 'an encoding other than UTF-8 is declared');
    this.#elements++;
    if (this.#elements > maxElements) return this.fail('too-many', `more than ${maxElements} elements`);
    if (this.#open.length >= maxDepth) return this.fail('too-deep', `deeper than ${maxDepth} elements`);
    if (this.#count > maxAttributes)
      return this.fail('too-many', `more than ${maxAttributes} attributes on an element`);
    return true;
  }

  /** One attribute. A declaration holds at once, names are looked at when all of the tag are there. */
  #attribute(): boolean {
    const name = this.name();
    const { colon } = this;
    if (name === '') return this.fail();
    if (this.unit() !== EQUALS) {
      this.space();
      if (this.unit() !== EQUALS) return this.fail();
    }
    this.at++;
    this.space();
    const value = this.value();
    if (value === undefined) return false;
    const prefix =
      name === 'xmlns' ? '' : colon === 5 && name.startsWith('xmlns') ? name.slice(6) : undefined;
    const i = this.#count++;
    this.#attributeNames[i] = name;
    this.#colons[i] = prefix === undefined ? colon : DECLARES;
    this.#values[i] = value;
    return prefix === undefined || this.#scope.declare(prefix, value) || this.fail();
  }

  /** The attributes of the tag by their expanded names. Undefined: one twice, or a prefix not bound. */
  #attributes(): ReadonlyMap<string, string> | undefined {
    const count = this.#count;
    if (count === 0) return NO_ATTRIBUTES;
    let attributes: Map<string, string> | undefined;
    let declared: Set<string> | undefined;
    for (let i = 0; i < count; i++) {
      const name = this.#attributeNames[i] ?? '';
      const colon = this.#colons[i] ?? -1;
      if (colon === DECLARES) {
        if (declared?.has(name)) return undefined;
        declared = (declared ?? new Set()).add(name);
        continue;
      }
      const key = colon < 0 ? name : this.#expanded(name, colon);
      if (key === undefined) return undefined;
      attributes ??= new Map();
      if (attributes.has(key)) return undefined;
      attributes.set(key, this.#values[i] ?? '');
    }
    return attributes ?? NO_ATTRIBUTES;
  }

  #expanded(name: string, colon: number): string | undefined {
    const uri = this.#scope.resolve(name.slice(0, colon));
    return uri === undefined ? undefined : `{${uri}}${name.slice(colon + 1)}`;
  }
}
