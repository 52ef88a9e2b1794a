import {
  CIVIC_EXT_NS,
  CIVIC_NS,
  type CivicAddress,
  civicNamespace,
  type Shape,
  writeCivic,
  writeGmlShape,
} from '@esinet/location';
import { escapeAttribute, escapeText } from '@esinet/xml';
import {
  CIVIC,
  GEODETIC_2D,
  LOST_EXT_NS,
  LOST_NS,
  LOST_SLB_NS,
  type FindServiceResponse,
  type ListServicesByLocationResponse,
  type LocationValidation,
  type LostAnswer,
  type LostWarning,
  type Mapping,
  type ServiceListBoundary,
  type ServiceLocation,
} from './messages.js';

interface Complaint {
  readonly code: string;
  readonly message: string;
  readonly lang?: string;
  readonly unsupportedProfiles?: readonly string[];
}

/** Writes an answer of RFC 5222, valid by its schema (section 15) wherever the schema knows the answer. In one line. */
export function writeLostAnswer(a: LostAnswer): string {
  return `<?xml version="1.0" encoding="UTF-8"?>${writeRoot(a)}`;
}

function writeRoot(a: LostAnswer): string {
  switch (a.type) {
    case 'findServiceResponse':
      return writeFindServiceResponse(a);
    case 'getServiceBoundaryResponse':
      return (
        `<getServiceBoundaryResponse xmlns="${LOST_NS}">${writeBoundary(a.serviceBoundary, a.civicBoundary)}` +
        `${writeWarnings(a.warnings)}${writePath(a.path)}</getServiceBoundaryResponse>`
      );
    case 'listServicesResponse':
      return (
        `<listServicesResponse xmlns="${LOST_NS}">${writeServiceList(a.services)}` +
        `${writeWarnings(a.warnings)}${writePath(a.path)}</listServicesResponse>`
      );
    case 'listServicesByLocationResponse':
      return (
        `<listServicesByLocationResponse xmlns="${LOST_NS}">${writeServiceList(a.services)}` +
        `${writeWarnings(a.warnings)}${writePath(a.path)}${writeLocationUsed(a.locationUsed)}` +
        `${writeListBoundaryOf(a)}</listServicesByLocationResponse>`
      );
    case 'getServiceListBoundaryResponse':
      return (
        `<getServiceListBoundaryResponse xmlns="${LOST_SLB_NS}">${writeListBoundary(a.boundary)}` +
        `${writePath(a.path, LOST_NS)}</getServiceListBoundaryResponse>`
      );
    case 'errors':
      return (
        `<errors xmlns="${LOST_NS}" source="${escapeAttribute(a.source)}">` +
        `${a.errors.map(writeComplaint).join('')}</errors>`
      );
    case 'redirect':
      return (
        `<redirect xmlns="${LOST_NS}" target="${escapeAttribute(a.target)}" source="${escapeAttribute(a.source)}"` +
        `${writeMessage(a.message, a.lang)}/>`
      );
  }
}

function writeFindServiceResponse(a: FindServiceResponse): string {
  return (
    `<findServiceResponse xmlns="${LOST_NS}">${a.mappings.map((m) => writeMapping(m)).join('')}` +
    (a.locationValidation ? writeValidation(a.locationValidation) : '') +
    `${writeWarnings(a.warnings)}${writePath(a.path)}${writeLocationUsed(a.locationUsed)}</findServiceResponse>`
  );
}

/** `ns`: declared on the element where what it stands in has another. */
export function writeMapping(m: Mapping, ns?: string): string {
  const reference = m.serviceBoundaryReference;
  const byValue = writeBoundary(m.serviceBoundary, m.civicBoundary);
  return (
    `<mapping${ns === undefined ? '' : ` xmlns="${ns}"`} expires="${escapeAttribute(m.expires)}" lastUpdated="${escapeAttribute(m.lastUpdated)}"` +
    ` source="${escapeAttribute(m.source)}" sourceId="${escapeAttribute(m.sourceId)}">` +
    displayNamesOf(m)
      .map((d) => `<displayName xml:lang="${escapeAttribute(d.lang)}">${escapeText(d.text)}</displayName>`)
      .join('') +
    `<service>${escapeText(m.service)}</service>` +
    (byValue === '' && reference
      ? `<serviceBoundaryReference source="${escapeAttribute(reference.source)}" key="${escapeAttribute(reference.key)}"/>`
      : byValue) +
    m.uris.map((uri) => `<uri>${escapeText(uri)}</uri>`).join('') +
    (m.serviceNumber === undefined ? '' : `<serviceNumber>${escapeText(m.serviceNumber)}</serviceNumber>`) +
    (m.serviceLocations ?? []).map(writeServiceLocation).join('') +
    `</mapping>`
  );
}

/** RFC 6451 section 5.5. */
function writeServiceLocation({ shape, civic }: ServiceLocation): string {
  const content = shape ? writeGmlShape(shape) : civic ? writeCivic(civic) : undefined;
  if (content === undefined) return '';
  const profile = shape ? GEODETIC_2D : CIVIC;
  return `<serviceLocation xmlns="${LOST_EXT_NS}" profile="${profile}">${content}</serviceLocation>`;
}

/** Optional by RFC 5222 section 5.3, yet a client in the field (Kamailio's lost module, 5.6) crashes without one. */
function displayNamesOf(m: Mapping): readonly { lang: string; text: string }[] {
  return m.displayName.length > 0 ? m.displayName : [{ lang: 'en', text: m.service }];
}

function writeBoundary(
  shapes: readonly Shape[] | undefined,
  civics: readonly CivicAddress[] | undefined,
): string {
  let text = '';
  if (shapes && shapes.length > 0) {
    text += `<serviceBoundary profile="${GEODETIC_2D}">${shapes.map(writeBoundaryShape).join('')}</serviceBoundary>`;
  }
  for (const civic of civics ?? []) {
    text += `<serviceBoundary profile="${CIVIC}">${writeCivic(civic)}</serviceBoundary>`;
  }
  return text;
}

/** Characters of boundaries kept written. Beyond them all are written anew. */
const MAX_KEPT = 16_777_216;
let kept = new WeakMap<Shape, string>();
let keptCharacters = 0;

/**
 * A boundary is served far more often than it changes, and writing its positions is most of the work of an answer by
 * value: its text is kept as long as the shape itself is.
 */
function writeBoundaryShape(shape: Shape): string {
  const known = kept.get(shape);
  if (known !== undefined) return known;
  const text = writeGmlShape(shape);
  if (shape.type !== 'polygon') return text;
  if (keptCharacters + text.length > MAX_KEPT) {
    kept = new WeakMap();
    keptCharacters = 0;
  }
  keptCharacters += text.length;
  kept.set(shape, text);
  return text;
}

/** RFC 6197 section 3.1. */
function writeListBoundaryOf(a: ListServicesByLocationResponse): string {
  if (a.serviceListBoundary) return writeListBoundary(a.serviceListBoundary);
  const reference = a.serviceListBoundaryReference;
  if (!reference) return '';
  return (
    `<serviceListBoundaryReference xmlns="${LOST_SLB_NS}" source="${escapeAttribute(reference.source)}"` +
    ` serviceListKey="${escapeAttribute(reference.key)}"/>`
  );
}

function writeListBoundary({ expires, shapes, civics = [] }: ServiceListBoundary): string {
  const written = (profile: string, content: string): string =>
    `<serviceListBoundary xmlns="${LOST_SLB_NS}"` +
    (expires === undefined ? '' : ` expires="${escapeAttribute(expires)}"`) +
    ` profile="${profile}">${content}</serviceListBoundary>`;
  return (
    (shapes.length > 0 ? written(GEODETIC_2D, shapes.map(writeBoundaryShape).join('')) : '') +
    civics.map((civic) => written(CIVIC, writeCivic(civic))).join('')
  );
}

function writeServiceList(services: readonly string[]): string {
  return `<serviceList>${services.map(escapeText).join(' ')}</serviceList>`;
}

/** One `<warnings>` a source; a kind stands in each at most once (section 15). */
function writeWarnings(warnings: readonly LostWarning[]): string {
  const bySource = new Map<string, Map<string, LostWarning>>();
  for (const warning of warnings) {
    const kinds = bySource.get(warning.source) ?? new Map<string, LostWarning>();
    if (!kinds.has(warning.code)) kinds.set(warning.code, warning);
    bySource.set(warning.source, kinds);
  }
  let text = '';
  for (const [source, kinds] of bySource) {
    text += `<warnings source="${escapeAttribute(source)}">${[...kinds.values()].map(writeComplaint).join('')}</warnings>`;
  }
  return text;
}

export function writeComplaint(c: Complaint): string {
  const profiles =
    c.code === 'locationProfileUnrecognized'
      ? ` unsupportedProfiles="${escapeAttribute(nameTokens(c.unsupportedProfiles ?? []))}"`
      : '';
  return `<${c.code}${profiles}${writeMessage(c.message, c.lang)}/>`;
}

/** xsd:NMTOKENS: at least one, of name characters only. What a peer called its profile need not be a name. */
function nameTokens(profiles: readonly string[]): string {
  const names = profiles.map((p) => p.replace(/[^A-Za-z0-9._:-]/g, '_')).filter((p) => p !== '');
  return names.length > 0 ? names.join(' ') : 'none';
}

/** The schema wants the language beside the text, or neither. */
export function writeMessage(message: string, lang = 'en'): string {
  return message === ''
    ? ''
    : ` message="${escapeAttribute(message)}" xml:lang="${escapeAttribute(lang || 'en')}"`;
}

/** RFC 6848 section 6: every name is qualified with the namespace of its element. */
function writeValidation(v: LocationValidation): string {
  const prefixes = new Map([[CIVIC_NS, 'ca']]);
  const qualified = (key: string): string[] => {
    const end = key.startsWith('{') ? key.lastIndexOf('}') : -1;
    const local = key.slice(end + 1);
    if (!/^[A-Za-z_][-A-Za-z0-9_.]*$/.test(local)) return [];
    const uri = civicNamespace(local, end < 0 ? undefined : key.slice(1, end)) ?? CIVIC_NS;
    let prefix = prefixes.get(uri);
    if (prefix === undefined) {
      prefix = uri === CIVIC_EXT_NS ? 'cae' : `c${prefixes.size}`;
      prefixes.set(uri, prefix);
    }
    return [`${prefix}:${local}`];
  };
  const list = (name: string, names: readonly string[]): string => {
    const tokens = names.flatMap(qualified);
    return tokens.length > 0 ? `<${name}>${tokens.join(' ')}</${name}>` : '';
  };
  const lists = list('valid', v.valid) + list('invalid', v.invalid) + list('unchecked', v.unchecked);
  const declarations = [...prefixes].map(([uri, prefix]) => ` xmlns:${prefix}="${escapeAttribute(uri)}"`);
  return `<locationValidation${declarations.join('')}>${lists}</locationValidation>`;
}

function writeLocationUsed(id: string | undefined): string {
  return id === undefined ? '' : `<locationUsed id="${escapeAttribute(id)}"/>`;
}

/** RFC 5222 section 6. Nothing where no server has been visited. */
export function writePath(path: readonly string[], ns?: string): string {
  if (path.length === 0) return '';
  return `<path${ns === undefined ? '' : ` xmlns="${ns}"`}>${path.map((source) => `<via source="${escapeAttribute(source)}"/>`).join('')}</path>`;
}
