/**
 * Parameters behind a value, by their names in lower case, without quotes; the first of a name. Lenient: what has no `=`
 * is passed over, since such values only label a call.
 */
export function parametersOf(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const part of text.split(';')) {
    const equals = part.indexOf('=');
    if (equals < 0) continue;
    const name = part.slice(0, equals).trim().toLowerCase();
    if (!found.has(name))
      found.set(
        name,
        part
          .slice(equals + 1)
          .trim()
          .replace(/^"(.*)"$/, '$1'),
      );
  }
  return found;
}
