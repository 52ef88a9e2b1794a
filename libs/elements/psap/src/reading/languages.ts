/** Languages kept of one message. */
export const maxLanguages = 8;
/** RFC 5646 4.4.1: 35 characters hold every tag in use. */
const maxTag = 35;

/**
 * Languages of a message, the best first: what it is written in (Content-Language, RFC 3261 20.13), then what the caller
 * would like to read (Accept-Language, RFC 3261 20.3) by its `q`. Language ranges without a language (`*`) say nothing.
 */
export function readLanguages(content: readonly string[], accept: readonly string[]): string[] {
  const wanted = accept
    .map((value) => {
      const [range = '', ...params] = value.split(';');
      return { tag: range.trim(), q: quality(params) };
    })
    .filter(({ q }) => q > 0)
    .sort((a, b) => b.q - a.q);
  const languages: string[] = [];
  for (const tag of [...content.map((value) => value.trim()), ...wanted.map(({ tag }) => tag)]) {
    if (!isTag(tag) || languages.some((known) => known.toLowerCase() === tag.toLowerCase())) continue;
    languages.push(Buffer.from(tag, 'latin1').toString('latin1'));
    if (languages.length === maxLanguages) break;
  }
  return languages;
}

function quality(params: readonly string[]): number {
  for (const param of params) {
    const [name = '', value = ''] = param.split('=');
    if (name.trim().toLowerCase() !== 'q') continue;
    const q = Number(value.trim());
    return q >= 0 && q <= 1 ? q : 0;
  }
  return 1;
}

function isTag(text: string): boolean {
  if (text.length === 0 || text.length > maxTag) return false;
  return text
    .split('-')
    .every((part, i) => part.length >= 1 && part.length <= 8 && (i === 0 ? letters(part) : word(part)));
}

function letters(text: string): boolean {
  return /^[A-Za-z]+$/.test(text);
}

function word(text: string): boolean {
  return /^[A-Za-z0-9]+$/.test(text);
}
