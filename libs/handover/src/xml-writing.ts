import { escapeText } from '@esinet/xml';

/** An element with this content, which is XML. */
export function element(name: string, content: string, attributes = ''): string {
  return `<${name}${attributes}>${content}</${name}>`;
}

/** An element with this text. */
export function textElement(name: string, text: string | number | boolean, attributes = ''): string {
  return element(name, escapeText(String(text)), attributes);
}

/** The same, or nothing where there is none. */
export function optional(name: string, text: string | number | boolean | undefined): string {
  return text === undefined ? '' : textElement(name, text);
}
