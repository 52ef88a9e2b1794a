import { CIVIC_NS, type CivicAddress, type Shape, readCivic, readGmlShape } from '@esinet/location';
import { type XmlElement, attribute, child, childrenOf } from '@esinet/xml';
import {
  CIVIC,
  LOST_EXT_NS,
  LOST_NS,
  LOST_SLB_NS,
  type Mapping,
  type ServiceListBoundary,
  type ServiceLocation,
} from './messages.js';

export const XML_LANG = '{http://www.w3.org/XML/1998/namespace}lang';
/** Forms of the location of one point of service that are read. */
const MAX_SERVICE_LOCATIONS = 8;

/** A `<mapping>` as it stands (RFC 5222 section 5): what is missing is empty, what cannot be read is left out. */
export function readMapping(e: XmlElement): Mapping {
  const serviceNumber = child(e, LOST_NS, 'serviceNumber')?.text.trim();
  const reference = child(e, LOST_NS, 'serviceBoundaryReference');
  const key = reference && attribute(reference, 'key')?.trim();
  return {
    source: attribute(e, 'source')?.trim() ?? '',
    sourceId: attribute(e, 'sourceId')?.trim() ?? '',
    lastUpdated: attribute(e, 'lastUpdated')?.trim() ?? '',
    expires: readExpires(attribute(e, 'expires')?.trim()),
    displayName: childrenOf(e, LOST_NS, 'displayName').map((d) => ({
      lang: d.attributes.get(XML_LANG) ?? '',
      text: d.text.trim(),
    })),
    service: child(e, LOST_NS, 'service')?.text.trim() ?? '',
    uris: childrenOf(e, LOST_NS, 'uri')
      .map((u) => u.text.trim())
      .filter((u) => u !== ''),
    ...(serviceNumber ? { serviceNumber } : {}),
    ...readBoundary(e),
    ...(key
      ? { serviceBoundaryReference: { source: attribute(reference, 'source')?.trim() ?? '', key } }
      : {}),
    ...serviceLocationsOf(e),
  };
}

/** What is no time can not be kept until then. */
export function readExpires(text: string | undefined): string {
  if (text === 'NO-CACHE' || text === 'NO-EXPIRATION') return text;
  return text !== undefined && text.length <= 64 && !Number.isNaN(Date.parse(text)) ? text : 'NO-CACHE';
}

/** RFC 5222 section 5.5: a boundary of which one part cannot be read would be a smaller, wrong one, so it is left out. */
export function readBoundary(
  e: XmlElement,
  ns = LOST_NS,
  name = 'serviceBoundary',
): { serviceBoundary?: Shape[]; civicBoundary?: CivicAddress[] } {
  const civics: CivicAddress[] = [];
  let geodetic: Shape[] | undefined;
  for (const boundary of childrenOf(e, ns, name)) {
    const content = boundary.children.filter((c) => c.uri !== ns);
    if (attribute(boundary, 'profile')?.trim() === CIVIC || content[0]?.uri === CIVIC_NS) {
      for (const address of content) {
        const civic = readCivic(address);
        if (civic.ok) civics.push(civic.value);
      }
    } else if (!geodetic) {
      const shapes: Shape[] = [];
      for (const part of content) {
        const shape = readGmlShape(part);
        if (shape.ok) shapes.push(shape.value);
      }
      if (shapes.length === content.length && shapes.length > 0) geodetic = shapes;
    }
  }
  return {
    ...(geodetic ? { serviceBoundary: geodetic } : {}),
    ...(civics.length > 0 ? { civicBoundary: civics } : {}),
  };
}

/** RFC 6197 section 3.3; undefined where there is none, or one that cannot be read. */
export function readListBoundary(e: XmlElement): ServiceListBoundary | undefined {
  const { serviceBoundary, civicBoundary } = readBoundary(e, LOST_SLB_NS, 'serviceListBoundary');
  if (!serviceBoundary && !civicBoundary) return undefined;
  const first = child(e, LOST_SLB_NS, 'serviceListBoundary');
  const expires = first && attribute(first, 'expires')?.trim();
  return {
    ...(expires === undefined ? {} : { expires: readExpires(expires) }),
    shapes: serviceBoundary ?? [],
    ...(civicBoundary ? { civics: civicBoundary } : {}),
  };
}

/** RFC 6451 section 5.5. */
function serviceLocationsOf(e: XmlElement): Pick<Mapping, 'serviceLocations'> {
  const serviceLocations: ServiceLocation[] = [];
  for (const location of childrenOf(e, LOST_EXT_NS, 'serviceLocation').slice(0, MAX_SERVICE_LOCATIONS)) {
    const [content] = location.children;
    if (!content) continue;
    const read = content.uri === CIVIC_NS ? readCivic(content) : readGmlShape(content);
    if (!read.ok) continue;
    serviceLocations.push('elements' in read.value ? { civic: read.value } : { shape: read.value });
  }
  return serviceLocations.length > 0 ? { serviceLocations } : {};
}
