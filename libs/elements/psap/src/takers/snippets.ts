import type { SnippetsConfig } from './config.js';

/** A text that call takers send by its name. */
export interface Snippet {
  readonly id: string;
  readonly text: string;
  readonly language?: string;
}

export function snippetsOf(config: SnippetsConfig, language?: string): Snippet[] {
  return config
    .filter((s) => language === undefined || s.language === undefined || speaks(s.language, language))
    .map(({ id, text, language: l }) => ({ id, text, ...(l !== undefined && { language: l }) }));
}

/**
 * The text to send, with the name of the centre in it. Of several with one name it is the one in the language the
 * caller prefers, else the first.
 */
export function snippetText(
  config: SnippetsConfig,
  id: string,
  o: { readonly centre: string; readonly languages?: readonly string[] | undefined },
): string | undefined {
  const same = config.filter((s) => s.id === id);
  const preferred = (o.languages ?? []).flatMap((language) =>
    same.filter((s) => s.language !== undefined && speaks(s.language, language)),
  );
  return (preferred[0] ?? same[0])?.text.replaceAll('{name}', o.centre);
}

/** RFC 4647 3.3.1, either of them the longer one: `es` and `es-ES`. */
function speaks(a: string, b: string): boolean {
  const [x, y] = [a.toLowerCase(), b.toLowerCase()];
  return x === y || x.startsWith(`${y}-`) || y.startsWith(`${x}-`);
}
