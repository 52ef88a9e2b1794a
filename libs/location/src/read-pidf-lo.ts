import { err, ok, type Result } from '@esinet/kernel';
import { attribute, readXml, serialize, type XmlElement, type XmlLimits } from '@esinet/xml';
import { type CivicAddress, readCivic } from './civic-address.js';
import { GML_NAMESPACES, isGmlShape, readGmlShape } from './gml-shape.js';
import { readNumber } from './gml-coordinates.js';
import type { LocationError } from './location-error.js';
import {
  CONFIDENCE_NS,
  type Confidence,
  PIDF_NS,
  type PidfContainer,
  type PidfLo,
  type PidfLocation,
} from './pidf-lo.js';
import type { Shape } from './shape.js';

/** Locations of one document that are read; further ones are passed over. */
export const MAX_PIDF_LOCATIONS = 32;

/** RFC 5491 3, rule 8: the first device, else the first tuple; a person's location is a last resort. */
const PREFERENCE: readonly PidfContainer[] = ['device', 'tuple', 'person'];

interface Found {
  readonly container: PidfContainer;
  readonly holder: XmlElement;
  readonly geopriv: XmlElement;
  readonly locations: readonly PidfLocation[];
}

/**
 * Reads a PIDF-LO liberally: elements in any order and namespace once the root is a presence, several locations
 * ordered as RFC 5491 3 says. A location that cannot be read is passed over as long as another one can.
 */
export function readPidfLo(
  bytes: Uint8Array | string,
  limits?: Partial<XmlLimits>,
): Result<PidfLo, LocationError> {
  const document = readXml(bytes, limits);
  if (!document.ok) return err({ code: 'xml', message: document.error.message });
  return readPresence(document.value);
}

/** The same from an element, for a presence inside of another document (HELD locationResponse). */
export function readPresence(root: XmlElement): Result<PidfLo, LocationError> {
  if (root.local !== 'presence' || root.uri !== PIDF_NS) {
    return err({ code: 'namespace', message: 'not a presence document of RFC 3863' });
  }
  const problems: LocationError[] = [];
  const found = inOrder(root, problems).filter((f) => f.locations.length > 0);
  const chosen = found[0];
  if (!chosen) return err(problems[0] ?? { code: 'no-location', message: 'a presence without a location' });

  const locations = found.flatMap((f) => f.locations).slice(0, MAX_PIDF_LOCATIONS);
  const timestamp = textOf(chosen.holder, 'timestamp');
  const method = textOf(chosen.geopriv, 'method');
  const providedBy = contentOf(chosen.geopriv, 'provided-by');
  const retentionExpiry = textOf(chosen.geopriv, 'retention-expiry');
  const retransmissionAllowed = booleanOf(textOf(chosen.geopriv, 'retransmission-allowed'));
  return ok({
    entity: detached(attribute(root, 'entity')?.trim() ?? ''),
    ...(timestamp && { timestamp }),
    ...(method && { method }),
    ...(providedBy && { providedBy }),
    shapes: locations.flatMap((l): Shape[] => (l.kind === 'geodetic' ? [l.shape] : [])),
    civics: locations.flatMap((l): CivicAddress[] => (l.kind === 'civic' ? [l.civic] : [])),
    locations,
    ...(retentionExpiry && { retentionExpiry }),
    ...(retransmissionAllowed !== undefined && { retransmissionAllowed }),
    container: chosen.container,
  });
}

function inOrder(root: XmlElement, problems: LocationError[]): Found[] {
  const found: Found[] = [];
  for (const holder of root.children) {
    const container = PREFERENCE.find((name) => name === holder.local) ?? 'tuple';
    for (const geopriv of descendants(holder, 'geopriv')) {
      const chunks = descendants(geopriv, 'location-info').flatMap((info) => info.children);
      const confidence = confidenceOf(chunks);
      const locations = readChunks(chunks, container, problems).map((location) =>
        confidence ? { ...location, confidence } : location,
      );
      found.push({ container, holder, geopriv, locations });
      if (found.length >= MAX_PIDF_LOCATIONS) break;
    }
  }
  return PREFERENCE.flatMap((container) => found.filter((f) => f.container === container));
}

function readChunks(
  chunks: readonly XmlElement[],
  container: PidfContainer,
  problems: LocationError[],
): PidfLocation[] {
  const locations: PidfLocation[] = [];
  for (const chunk of chunks) {
    if (chunk.local === 'civicAddress') {
      const civic = readCivic(chunk);
      if (civic.ok) locations.push({ kind: 'civic', civic: civic.value, container });
      else problems.push(civic.error);
    } else if (chunk.local === 'location' && GML_NAMESPACES.includes(chunk.uri)) {
      // RFC 4119 2.2.1 wraps the shape once more; RFC 5491 4 does away with it.
      locations.push(...readChunks(chunk.children, container, problems));
    } else if (isGmlShape(chunk)) {
      const shape = readGmlShape(chunk);
      if (shape.ok) locations.push({ kind: 'geodetic', shape: shape.value, container });
      else problems.push(shape.error);
    }
  }
  return locations;
}

/** RFC 7459 4.1: of all that is in the same location-info. What it cannot mean is passed over. */
function confidenceOf(chunks: readonly XmlElement[]): Confidence | undefined {
  const element = chunks.find((c) => c.local === 'confidence' && c.uri === CONFIDENCE_NS);
  if (!element) return undefined;
  const text = element.text.trim();
  const value = text === 'unknown' ? text : readNumber(text);
  if (value === undefined || (value !== 'unknown' && !(value > 0 && value <= 100))) return undefined;
  const pdf = attribute(element, 'pdf')?.trim();
  return { value, ...(pdf === 'normal' || pdf === 'rectangular' ? { pdf } : {}) };
}

/** xs:boolean, and the yes and no of the examples of RFC 4119. */
function booleanOf(text: string | undefined): boolean | undefined {
  if (text === 'true' || text === '1' || text === 'yes') return true;
  return text === 'false' || text === '0' || text === 'no' ? false : undefined;
}

/** All elements of that local name at or below e, not looking into a match. */
function descendants(e: XmlElement, local: string): XmlElement[] {
  if (e.local === local) return [e];
  return e.children.flatMap((c) => descendants(c, local));
}

function textOf(e: XmlElement, local: string): string | undefined {
  const text = descendants(e, local)[0]?.text.trim();
  return text === undefined ? undefined : detached(text);
}

/** A copy of its own: a part of a string keeps the whole document in memory for as long as the location is kept. */
function detached(s: string): string {
  return Buffer.from(s).toString();
}

function contentOf(e: XmlElement, local: string): string | undefined {
  const element = descendants(e, local)[0];
  if (!element) return undefined;
  return element.children.length > 0 ? element.children.map(serialize).join('') : element.text.trim();
}
