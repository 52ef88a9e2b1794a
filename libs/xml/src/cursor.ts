import {
  CHARACTERS,
  NAME,
  NAME_START,
  NOT_ALONE,
  SPACE,
  VALUE_STOP,
  isCharacter,
  isNamePair,
  isPair,
} from './characters.js';
import type { XmlErrorCode } from './read.js';
import { unitsOf } from './units.js';

/** Where a document stopped being one. */
export interface Refusal {
  readonly code: XmlErrorCode;
  readonly message: string;
  /** Units from the start. */
  readonly at: number;
}

const ENTITIES: ReadonlyMap<string, string> = new Map([
  ['lt', '<'],
  ['gt', '>'],
  ['amp', '&'],
  ['quot', '"'],
  ['apos', "'"],
]);

const TAB = 0x09;
const LINE_FEED = 0x0a;
const QUOTE = 0x22;
const HASH = 0x23;
const AMPERSAND = 0x26;
const APOSTROPHE = 0x27;
const COLON = 0x3a;
const LOWER_X = 0x78;

/**
 * A place in a document, and what is smaller than a tag. What refuses leaves `refusal` and gives undefined, '' or false:
 * nothing is thrown, for a flood of bad documents must not cost more than good ones.
 */
export class Cursor {
  refusal: Refusal | undefined;
  protected at = 0;
  /** Where the colon of the name read last stands in it; -1: nowhere. */
  protected colon = -1;
  protected readonly units: Uint16Array;

  constructor(protected readonly text: string) {
    this.units = unitsOf(text);
  }

  /** The unit so many behind this one; 0 behind the end. */
  protected unit(further = 0): number {
    return this.units[this.at + further] ?? 0;
  }

  /** A QName, '' where there is none (Namespaces in XML 1.0, 4). */
  protected name(): string {
    const { units } = this;
    const from = this.at;
    let at = from;
    this.colon = -1;
    for (let wanted = NAME_START; ; wanted = NAME) {
      const unit = units[at] ?? 0;
      if (((CHARACTERS[unit] ?? 0) & wanted) !== 0) at++;
      else if (unit === COLON && at > from && this.colon < 0 && this.startsName(at + 1)) {
        this.colon = at - from;
        at++;
      } else if (unit >= 0xd800 && isNamePair(unit, units[at + 1] ?? 0)) at += 2;
      else break;
    }
    this.at = at;
    return this.text.slice(from, at);
  }

  private startsName(at: number): boolean {
    const unit = this.units[at] ?? 0;
    return ((CHARACTERS[unit] ?? 0) & NAME_START) !== 0 || isNamePair(unit, this.units[at + 1] ?? 0);
  }

  /** Passes white space; whether there was any. */
  protected space(): boolean {
    const { units } = this;
    const from = this.at;
    let at = from;
    while (((CHARACTERS[units[at] ?? 0] ?? 0) & SPACE) !== 0) at++;
    this.at = at;
    return at > from;
  }

  /** A quoted value, normalised as CDATA (XML 1.0, 3.3.3). Undefined: refused. */
  protected value(): string | undefined {
    const { units } = this;
    const quote = this.unit();
    if (quote !== QUOTE && quote !== APOSTROPHE) return this.wrong();
    let from = this.at + 1;
    let value = '';
    for (let at = from; ; at++) {
      const unit = units[at] ?? 0;
      if (((CHARACTERS[unit] ?? 0) & VALUE_STOP) === 0) continue;
      if (unit === quote) {
        this.at = at + 1;
        return value === '' ? this.text.slice(from, at) : value + this.text.slice(from, at);
      }
      if (unit === QUOTE || unit === APOSTROPHE) continue;
      this.at = at;
      if (unit === AMPERSAND || unit === TAB || unit === LINE_FEED) {
        value += this.text.slice(from, at);
        const character: string | undefined = unit === AMPERSAND ? this.reference() : ' ';
        if (character === undefined) return undefined;
        value += character;
        if (unit === AMPERSAND) at = this.at - 1;
        from = at + 1;
      } else if (isPair(unit, units[at + 1] ?? 0)) at++;
      else return this.wrong();
    }
  }

  /** At `&` (XML 1.0, 4.1). Undefined: refused. */
  protected reference(): string | undefined {
    const { units } = this;
    const from = this.at + 1;
    const end = this.text.indexOf(';', from);
    if (end < 0 || end === from) return this.wrong();
    if (units[from] !== HASH) {
      const known = end - from <= 4 ? ENTITIES.get(this.text.slice(from, end)) : undefined;
      if (known === undefined) return this.wrong();
      this.at = end + 1;
      return known;
    }
    const base = units[from + 1] === LOWER_X ? 16 : 10;
    let at = base === 16 ? from + 2 : from + 1;
    if (at === end) return this.wrong();
    let point = 0;
    for (; at < end; at++) {
      point = point * base + digitOf(units[at] ?? 0, base);
      if (!(point <= 0x10ffff)) return this.wrong();
    }
    if (!isCharacter(point)) return this.wrong();
    this.at = end + 1;
    return String.fromCodePoint(point);
  }

  /** Whether there are characters only (XML 1.0, 2.2). */
  protected characters(from: number, to: number): boolean {
    const { units } = this;
    for (let at = from; at < to; at++) {
      const unit = units[at] ?? 0;
      if (((CHARACTERS[unit] ?? 0) & NOT_ALONE) === 0) continue;
      if (!isPair(unit, units[at + 1] ?? 0)) return false;
      at++;
    }
    return true;
  }

  protected fail(code: XmlErrorCode = 'ill-formed', message = 'not namespace-well-formed XML'): false {
    this.refusal = { code, message, at: this.at };
    return false;
  }

  protected wrong(message?: string): undefined {
    this.fail('ill-formed', message);
    return undefined;
  }
}

/** NaN for anything but a digit of that base. */
function digitOf(unit: number, base: 10 | 16): number {
  if (unit >= 0x30 && unit <= 0x39) return unit - 0x30;
  if (base === 10) return NaN;
  const lower = unit | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : NaN;
}
