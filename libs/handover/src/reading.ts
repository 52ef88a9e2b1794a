import { type XmlElement, child } from '@esinet/xml';
import { errorCodes } from './error-codes.js';

/** What is wrong with a document that was read, with the element it is about. */
export class HandoverReadError extends Error {
  override readonly name = 'HandoverReadError';

  /** `code`: TS 103 120 Annex D */
  constructor(
    message: string,
    readonly code: number = errorCodes.validation,
  ) {
    super(message);
  }
}

/** The one child of that name, or an error that names it. */
export function required(parent: XmlElement, uri: string, local: string): XmlElement {
  const found = child(parent, uri, local);
  if (!found) throw new HandoverReadError(`${parent.local} has no ${local}`);
  return found;
}

export function requiredText(parent: XmlElement, uri: string, local: string): string {
  return required(parent, uri, local).text.trim();
}

export function optionalText(parent: XmlElement, uri: string, local: string): string | undefined {
  return child(parent, uri, local)?.text.trim();
}

/** The text of a type made of xs:string, in which white space counts too. */
export function requiredString(parent: XmlElement, uri: string, local: string): string {
  return required(parent, uri, local).text;
}

export function optionalString(parent: XmlElement, uri: string, local: string): string | undefined {
  return child(parent, uri, local)?.text;
}

/** xs:nonNegativeInteger as far as numbers here go. */
export function natural(text: string, what: string): number {
  const value = /^\+?\d{1,16}$/.test(text) ? Number(text) : NaN;
  if (!Number.isSafeInteger(value)) throw new HandoverReadError(`${what} is no whole number`);
  return value;
}

export function optionalNatural(parent: XmlElement, uri: string, local: string): number | undefined {
  const text = optionalText(parent, uri, local);
  return text === undefined ? undefined : natural(text, local);
}

/** xs:boolean */
export function optionalBoolean(parent: XmlElement, uri: string, local: string): boolean | undefined {
  const text = optionalText(parent, uri, local);
  if (text === undefined) return undefined;
  if (text === 'true' || text === '1') return true;
  if (text === 'false' || text === '0') return false;
  throw new HandoverReadError(`${local} is neither true nor false`);
}

const uuid = /^[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}$/;

/** TS 103 280 UUID: small letters only. */
export function requiredUuid(parent: XmlElement, uri: string, local: string): string {
  const text = requiredText(parent, uri, local);
  if (!uuid.test(text)) throw new HandoverReadError(`${local} is no UUID in small letters`);
  return text;
}

/** The local part of an xsi:type. */
export function typeOf(e: XmlElement): string | undefined {
  return e.attributes.get('{http://www.w3.org/2001/XMLSchema-instance}type')?.trim().replace(/^.*:/, '');
}
