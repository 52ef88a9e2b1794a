import { type Result, err, ok } from '@esinet/kernel';
import { CIVIC_NS, GEOPRIV_NS, GEOSHAPE_NS, GML_NAMESPACES, PIDF_NS, readGmlShape } from '@esinet/location';
import { type XmlElement, type XmlLimits, attribute, child, childrenOf, readXml } from '@esinet/xml';
import type {
  Condition,
  FilterChange,
  FilterLimits,
  LocationFilter,
  LocationTypeWish,
} from './location-filter.js';

const FILTER_NS = 'urn:ietf:params:xml:ns:simple-filter';
const LOCATION_NS = 'urn:ietf:params:xml:ns:location-filter';

/** Speed, heading and acceleration of RFC 5962, and the name RFC 6447 3.2 gives it in its example. */
const DYNAMIC = [
  'urn:ietf:params:xml:ns:pidf:geopriv10:dynamic',
  'urn:ietf:params:xml:schema:pidf:dynamic',
] as const;

/** 400: no filter document. 488: one that asks for what is not known or not done here (RFC 4660 4.3). */
export interface FilterFlaw {
  readonly status: 400 | 488;
  readonly reason: string;
}

type Read<T> = Result<T, FilterFlaw>;

const broken = (reason: string): { ok: false; error: FilterFlaw } => err({ status: 400, reason });
const refused = (reason: string): { ok: false; error: FilterFlaw } => err({ status: 488, reason });

/**
 * Reads a filter document (RFC 4661) with the conditions of RFC 6447. What cannot be honoured is refused by name: a
 * watcher who waits for a trigger that can never fire would not learn that somebody moves. `isResource` tells whether
 * the URI of a filter is the one subscribed to.
 */
export function readFilters(
  bytes: Uint8Array,
  isResource: (uri: string) => boolean,
  limits: FilterLimits,
  xml?: Partial<XmlLimits>,
): Read<FilterChange> {
  const document = readXml(bytes, xml);
  if (!document.ok) return broken(`Filter: ${document.error.message}`);
  const root = document.value;
  if (root.local !== 'filter-set' || root.uri !== FILTER_NS) return broken('Filter: no filter-set');
  const eventPackage = attribute(root, 'package');
  if (eventPackage !== undefined && eventPackage !== 'presence') return refused('Filter of another package');
  const prefixes = new Map<string, string>();
  for (const bindings of childrenOf(root, FILTER_NS, 'ns-bindings')) {
    for (const binding of childrenOf(bindings, FILTER_NS, 'ns-binding')) {
      const urn = attribute(binding, 'urn');
      const prefix = attribute(binding, 'prefix');
      if (urn === undefined || prefix === undefined)
        return broken('Filter: ns-binding without prefix or urn');
      prefixes.set(prefix, urn.trim());
    }
  }
  const put: LocationFilter[] = [];
  const remove: string[] = [];
  const ids = new Set<string>();
  let conditions = 0;
  for (const element of childrenOf(root, FILTER_NS, 'filter')) {
    const id = attribute(element, 'id');
    if (id === undefined || id === '' || id.length > 128) return broken('Filter without id');
    if (ids.has(id)) return broken('Filter: id given twice');
    ids.add(id);
    if (ids.size > limits.maxFilters) return refused(`More than ${limits.maxFilters} filters`);
    const uri = attribute(element, 'uri');
    if (attribute(element, 'domain') !== undefined || (uri !== undefined && !isResource(uri))) {
      return refused('Filter of another resource');
    }
    if (isTrue(attribute(element, 'remove'))) {
      remove.push(detached(id));
      continue;
    }
    const read = readFilter(element, detached(id), prefixes, limits);
    if (!read.ok) return read;
    conditions += read.value.triggers.reduce((n, trigger) => n + trigger.length, 0);
    if (conditions > limits.maxConditions) return refused(`More than ${limits.maxConditions} conditions`);
    put.push(read.value);
  }
  if (ids.size === 0) return broken('Filter set without a filter');
  return ok({ put, remove });
}

function readFilter(
  element: XmlElement,
  id: string,
  prefixes: ReadonlyMap<string, string>,
  limits: FilterLimits,
): Read<LocationFilter> {
  let locationType: LocationTypeWish | undefined;
  const triggers: Condition[][] = [];
  for (const part of element.children) {
    if (part.uri === FILTER_NS && part.local === 'what') {
      const read = readWhat(part);
      if (!read.ok) return read;
      locationType = read.value;
    } else if (part.uri === FILTER_NS && part.local === 'trigger') {
      const trigger: Condition[] = [];
      for (const each of part.children) {
        if (trigger.length >= limits.maxConditions)
          return refused(`More than ${limits.maxConditions} conditions`);
        const condition = readCondition(each, prefixes, limits);
        if (!condition.ok) return condition;
        trigger.push(condition.value);
      }
      if (trigger.length === 0) return broken('Filter: trigger without a condition');
      triggers.push(trigger);
      if (triggers.length > limits.maxConditions)
        return refused(`More than ${limits.maxConditions} triggers`);
    } else return refused('Filter: not supported here: an element beside what and trigger');
  }
  return ok({
    id,
    enabled: attribute(element, 'enabled') === undefined || isTrue(attribute(element, 'enabled')),
    triggers,
    ...(locationType === undefined ? {} : { locationType }),
  });
}

/** RFC 6447 3.5 */
function readWhat(what: XmlElement): Read<LocationTypeWish> {
  const wish = child(what, LOCATION_NS, 'locationType');
  if (!wish || what.children.length !== 1)
    return refused('Filter: not supported here: what beside locationType');
  const words = wish.text.trim().split(/\s+/);
  const exact = isTrue(attribute(wish, 'exact'));
  if (words.length === 1 && words[0] === 'any') return ok({ types: 'any', exact: false });
  const types: ('civic' | 'geodetic')[] = [];
  for (const word of words) {
    if (word !== 'civic' && word !== 'geodetic') return broken('Filter: locationType is none');
    if (!types.includes(word)) types.push(word);
  }
  return ok({ types, exact });
}

function readCondition(
  element: XmlElement,
  prefixes: ReadonlyMap<string, string>,
  limits: FilterLimits,
): Read<Condition> {
  if (element.uri === LOCATION_NS && element.local === 'moved') {
    const metres = readDouble(element.text);
    if (metres === undefined || metres < 0) return broken('Filter: moved is no distance');
    return ok({ kind: 'moved', metres });
  }
  if (element.uri === LOCATION_NS && element.local === 'enterOrExit') return readRegion(element, limits);
  if (element.uri === FILTER_NS && element.local === 'changed') return readChanged(element, prefixes);
  return refused('Filter: not supported here: a condition beside moved, changed and enterOrExit');
}

/** RFC 6447 3.4: one circle or one polygon. */
function readRegion(element: XmlElement, limits: FilterLimits): Read<Condition> {
  const [shape, more] = element.children;
  if (!shape || more) return broken('Filter: enterOrExit without its one region');
  const read = readGmlShape(shape);
  if (!read.ok) return broken(`Filter: ${read.error.message}`);
  const region = read.value;
  if (region.type !== 'circle' && region.type !== 'polygon') {
    return refused('Filter: a region is a circle or a polygon');
  }
  if (region.type === 'polygon') {
    const positions = region.rings.reduce((n, ring) => n + ring.length, 0);
    if (positions > limits.maxRegionPositions) {
      return refused(`A region of more than ${limits.maxRegionPositions} positions`);
    }
  }
  return ok({ kind: 'enterOrExit', region });
}

/** RFC 6447 3.2 and 3.3: `//` and a single element. */
function readChanged(element: XmlElement, prefixes: ReadonlyMap<string, string>): Read<Condition> {
  const path = /^\/\/(?:([A-Za-z_][-\w.]*):)?([A-Za-z_][-\w.]*)$/.exec(element.text.trim());
  if (!path || element.children.length > 0 || path[0].length > 200) {
    return refused('Filter: changed takes // and one element');
  }
  const [, prefix = '', name = ''] = path;
  const uri = prefix === '' ? undefined : prefixes.get(prefix);
  if (prefix !== '' && uri === undefined) return broken('Filter: a prefix without ns-binding');
  // Devices have no speed here, and a point in a geometry is what `moved` is for.
  if (uri !== undefined && (DYNAMIC as readonly string[]).includes(uri)) {
    return refused('Filter: speed, heading and acceleration are not known here');
  }
  if (
    uri === undefined ||
    uri === GEOSHAPE_NS ||
    uri === PIDF_NS ||
    uri === GEOPRIV_NS ||
    GML_NAMESPACES.includes(uri)
  ) {
    return refused('Filter: changed is for elements of the civic address');
  }
  const by = attribute(element, 'by');
  const least = by === undefined ? undefined : readDouble(by);
  if (by !== undefined && (least === undefined || least <= 0))
    return broken('Filter: by is no number above 0');
  const from = attribute(element, 'from');
  const to = attribute(element, 'to');
  return ok({
    kind: 'changed',
    name: detached(name),
    ...(uri === CIVIC_NS ? {} : { uri: detached(uri) }),
    ...(from === undefined ? {} : { from: detached(from.trim()) }),
    ...(to === undefined ? {} : { to: detached(to.trim()) }),
    ...(least === undefined ? {} : { by: least }),
  });
}

/** xs:double without infinity and NaN. */
function readDouble(text: string): number | undefined {
  const trimmed = text.trim();
  if (!/^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,3})?$/.test(trimmed)) return undefined;
  const value = Number(trimmed);
  return Number.isFinite(value) ? value : undefined;
}

function isTrue(text: string | undefined): boolean {
  return text === 'true' || text === '1';
}

/** A copy of its own: a part of a string keeps the whole document in memory. */
function detached(text: string): string {
  return Buffer.from(text).toString();
}
