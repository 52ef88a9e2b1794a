const alphabet = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** Where unguessable identifiers come from; a test gives its own. */
export interface IdSource {
  /** `length` characters of `a-z0-9`, evenly drawn. */
  token(length: number): string;
}

export const randomIds: IdSource = {
  token(length) {
    let text = '';
    while (text.length < length) {
      // 252 is the largest multiple of 36 in a byte: what lies above would favour the first letters.
      for (const byte of crypto.getRandomValues(new Uint8Array(Math.min(length, 1_024) + 8))) {
        if (byte < 252 && text.length < length) text += alphabet[byte % 36];
      }
    }
    return text;
  },
};

/** Identifiers that count up: `x000001`, `x000002`, …, padded to the length asked for. */
export function countingIds(prefix = 'x'): IdSource {
  let count = 0;
  return { token: (length) => prefix + String(++count).padStart(Math.max(1, length - prefix.length), '0') };
}
