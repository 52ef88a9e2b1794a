import type { BodyPart } from '@esinet/sip';
import type { XmlElement } from '@esinet/xml';
import { type CallView, mediaTypeOf } from './call-view.js';

/** Values of one name in one document; what is beyond is not compared. */
const MAX_VALUES = 200;
/** Levels of JSON. */
const MAX_DEPTH = 32;

/** The names of an element and those it has to be in: `info/severity`. */
export interface ElementPath {
  /** From the outer to the inner, in lower case. */
  readonly names: readonly string[];
  readonly text: string;
}

export function elementPath(text: string): ElementPath {
  const names = text.split('/').map((name) => name.trim().toLowerCase());
  return { names, text: names.join('/') };
}

/**
 * Texts of the elements or members of that name in a part, wherever they are in it, without regard to case, prefix or
 * namespace. A text instead of a list says why there is none to be had.
 */
export function elementValues(call: CallView, part: BodyPart, path: ElementPath): readonly string[] | string {
  return call.valuesOf(part, path.text, () => readValues(call, part, path.names));
}

function readValues(call: CallView, part: BodyPart, path: readonly string[]): readonly string[] | string {
  const type = mediaTypeOf(part) ?? '';
  if (type.endsWith('json')) {
    const value = call.json(part);
    return value === undefined ? 'the part is no JSON' : valuesInJson(value, path);
  }
  if (!type.endsWith('xml')) return 'the part is neither XML nor JSON';
  const root = call.document(part);
  return root === undefined ? 'the part is no well-formed XML' : valuesInXml(root, path);
}

function valuesInXml(root: XmlElement, path: readonly string[]): string[] {
  const values: string[] = [];
  const visit = (e: XmlElement, above: readonly string[]): void => {
    const here = [...above, e.local.toLowerCase()];
    if (values.length < MAX_VALUES && endsWith(here, path)) values.push(e.text.trim());
    for (const child of e.children) visit(child, here);
  };
  visit(root, []);
  return values;
}

function valuesInJson(root: unknown, path: readonly string[]): string[] {
  const values: string[] = [];
  const visit = (value: unknown, here: readonly string[]): void => {
    if (values.length >= MAX_VALUES || here.length > MAX_DEPTH) return;
    if (Array.isArray(value)) for (const each of value) visit(each, here);
    else if (typeof value === 'object' && value !== null)
      for (const [name, each] of Object.entries(value)) visit(each, [...here, name.toLowerCase()]);
    else if (endsWith(here, path)) values.push(String(value));
  };
  visit(root, []);
  return values;
}

function endsWith(here: readonly string[], path: readonly string[]): boolean {
  const from = here.length - path.length;
  return from >= 0 && path.every((name, i) => here[from + i] === name);
}
