export class PkiError extends Error {
  override readonly name = 'PkiError';
}

/** @throws PkiError when this is no name of an element, which would reach files elsewhere */
export function checkName(name: string): void {
  for (const char of name) {
    if (!'abcdefghijklmnopqrstuvwxyz0123456789-'.includes(char))
      throw new PkiError(`"${name}" is no element's name`);
  }
  if (name === '' || name.length > 63) throw new PkiError(`"${name}" is no element's name`);
}
