import { CIVIC_NS, type LocationError, isGmlShape, readCivic, readGmlShape } from '@esinet/location';
import { type Result, err, ok } from '@esinet/kernel';
import { type XmlElement, attribute, childrenOf } from '@esinet/xml';
import { LostError } from './lost-error.js';
import { CIVIC, GEODETIC_2D, LOST_NS, type LostLocation } from './messages.js';

/** `<location>` elements of one request. A request names a handful of profiles: more is abuse. */
const MAX_LOCATIONS = 16;

/** RFC 5222 sections 7, 8.3.1 and 12.1. */
export function readLocations(request: XmlElement): Result<LostLocation[], LostError> {
  const elements = childrenOf(request, LOST_NS, 'location');
  if (elements.length === 0) return err(new LostError('badRequest', 'no location'));
  if (elements.length > MAX_LOCATIONS) return err(new LostError('badRequest', 'too many locations'));
  const ids = new Set<string>();
  const profiles = new Set<string>();
  const locations: LostLocation[] = [];
  for (const element of elements) {
    const id = attribute(element, 'id')?.trim();
    if (!id) return err(new LostError('badRequest', 'location without id'));
    if (ids.has(id)) return err(new LostError('badRequest', 'two locations with the same id'));
    ids.add(id);
    const location = readLocation(element, id);
    if (location.profile !== '' && profiles.has(location.profile)) {
      return err(new LostError('badRequest', 'two locations of one profile'));
    }
    profiles.add(location.profile);
    locations.push(location);
  }
  return ok(locations);
}

function readLocation(element: XmlElement, id: string): LostLocation {
  const content = element.children.find((c) => c.uri !== LOST_NS);
  const profile = attribute(element, 'profile')?.trim() || profileOf(content);
  if (profile === GEODETIC_2D) return readGeodetic(content, id);
  if (profile === CIVIC) return readCivicLocation(content, id);
  return { id, profile, error: 'profile not known here', errorCode: 'locationProfileUnrecognized' };
}

/** RFC 5222 section 12.1: a sender that cannot name the profile leaves the guess to the server. */
function profileOf(content: XmlElement | undefined): string {
  if (content?.uri === CIVIC_NS) return CIVIC;
  return content && isGmlShape(content) ? GEODETIC_2D : '';
}

function readGeodetic(content: XmlElement | undefined, id: string): LostLocation {
  const broken = { id, profile: GEODETIC_2D } as const;
  if (!content) return { ...broken, error: 'no shape', errorCode: 'locationInvalid' };
  const shape = readGmlShape(content);
  if (shape.ok) return { ...broken, shape: shape.value };
  return { ...broken, error: shape.error.message, errorCode: codeOf(shape.error) };
}

function readCivicLocation(content: XmlElement | undefined, id: string): LostLocation {
  const broken = { id, profile: CIVIC } as const;
  if (!content) return { ...broken, error: 'no civic address', errorCode: 'locationInvalid' };
  const civic = readCivic(content);
  if (civic.ok) return { ...broken, civic: civic.value };
  return { ...broken, error: civic.error.message, errorCode: codeOf(civic.error) };
}

function codeOf(error: LocationError): 'SRSInvalid' | 'locationInvalid' {
  return error.code === 'srs' ? 'SRSInvalid' : 'locationInvalid';
}
