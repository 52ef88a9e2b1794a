import { type PidfLo, readPidfLo } from '@esinet/location';
import type { Limits } from '@esinet/platform';
import { type BodyPart, parseNameAddr } from '@esinet/sip';

/** A presence document of a message, read as far as that goes. */
export interface ValueLocation {
  readonly document: string;
  readonly pidfLo?: PidfLo;
}

/** Locations of a message (RFC 6442). */
export interface MessageLocations {
  /** By value: first the one that Geolocation names first, then the others it names, then those it does not. */
  readonly values: readonly ValueLocation[];
  /** By reference, in the order of Geolocation. */
  readonly references: readonly string[];
  /** The part `values[0]` was taken from. */
  readonly used: BodyPart | undefined;
}

/** Locations and references taken from one message; RFC 6442 4.1 sets no limit. */
export const maxLocations = 8;

export function readLocations(
  geolocation: readonly string[],
  parts: readonly BodyPart[],
  problems: string[],
  limits?: Pick<Limits, 'xml'>,
): MessageLocations {
  const references: string[] = [];
  const named: BodyPart[] = [];
  const documents = parts.filter(isPidf);
  let dangling = false;
  for (const value of geolocation.slice(0, maxLocations)) {
    const uri = parseNameAddr(value)?.uri;
    const scheme = uri?.slice(0, uri.indexOf(':')).toLowerCase();
    if (uri === undefined) problems.push('geolocation cannot be read');
    else if (scheme === 'cid') {
      const part = partNamed(documents, uri.slice(4));
      if (!part) dangling = true;
      else if (!named.includes(part)) named.push(part);
    } else if ((scheme === 'http' || scheme === 'https') && !references.includes(uri)) references.push(uri);
  }
  if (dangling) problems.push('geolocation names no part of the body');
  const ordered = [...named, ...documents.filter((part) => !named.includes(part))].slice(0, maxLocations);
  const values = ordered.map((part): ValueLocation & { part: BodyPart } => {
    const read = readPidfLo(part.body, limits?.xml);
    if (!read.ok) problems.push(`location: ${read.error.code}`);
    return { document: part.body.toString('utf8'), part, ...(read.ok && { pidfLo: read.value }) };
  });
  // One that can be read goes before one that cannot (RFC 6442 4.1 leaves the choice to whoever reads).
  values.sort((a, b) => Number(b.pidfLo !== undefined) - Number(a.pidfLo !== undefined));
  return {
    values: values.map(({ document, pidfLo }) => ({ document, ...(pidfLo && { pidfLo }) })),
    references,
    used: values[0]?.part,
  };
}

export function isPidf(part: BodyPart): boolean {
  return part.contentType?.type === 'application' && part.contentType.subtype === 'pidf+xml';
}

/** RFC 2392 2: the Content-ID percent-encoded. Of two parts with one Content-ID the first. */
export function partNamed(parts: readonly BodyPart[], encoded: string): BodyPart | undefined {
  const name = decoded(encoded);
  return (
    parts.find((part) => part.contentId === name) ??
    parts.find((part) => part.contentId?.toLowerCase() === name.toLowerCase())
  );
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
