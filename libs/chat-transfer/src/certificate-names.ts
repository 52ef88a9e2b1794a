/**
 * The names of a certificate, as `URI:sip:psap.esinet.internal` or `DNS:localhost`, out of the one text in which
 * node:tls gives them. A name with a comma or a quote in it is quoted there as a JSON string; it is left out, so that
 * nobody can write another's name into their own.
 */
export function certificateNames(subjectAltName: string): string[] {
  const names: string[] = [];
  let start = 0;
  let quoted = false;
  let wasQuoted = false;
  const end = (at: number): void => {
    const name = subjectAltName.slice(start, at).trim();
    if (name !== '' && !wasQuoted) names.push(name);
    wasQuoted = false;
  };
  for (let i = 0; i < subjectAltName.length; i++) {
    const char = subjectAltName[i];
    if (quoted && char === '\\') i++;
    else if (char === '"') {
      quoted = !quoted;
      wasQuoted = true;
    } else if (char === ',' && !quoted) {
      end(i);
      start = i + 1;
    }
  }
  end(subjectAltName.length);
  return names;
}
