import { type Result, err, ok } from '@esinet/kernel';
import type { Position, Shape } from '@esinet/location';
import { type XmlElement, child, childrenOf, readXml } from '@esinet/xml';

export const CAP_NS = 'urn:oasis:names:tc:emergency:cap:1.2';
/** RFC 8876 10.1 */
export const CAP_CONTENT_TYPE = 'application/EmergencyCallData.cap+xml';

/** Octets of an alert by value. RFC 8876 7: tens of kilobytes are for a reference. */
export const maxCapOctets = 32_768;

/** An alert that may be sent: what a sender has to know of it. */
export interface CapAlert {
  readonly identifier: string;
  readonly sender: string;
  /** As written. */
  readonly sent: string;
  readonly status: string;
  readonly msgType: string;
  /** What it is about, of the first info block. */
  readonly event?: string;
  /** The areas it is for (RFC 8876 4.2: they are to be told as the location of the call). */
  readonly areas: readonly Shape[];
  /** What a careful receiver may frown at, though nobody refuses it. */
  readonly warnings: readonly string[];
}

const statuses = ['Actual', 'Exercise', 'System', 'Test', 'Draft'];
const messageTypes = ['Alert', 'Update', 'Cancel', 'Ack', 'Error'];
const scopes = ['Public', 'Restricted', 'Private'];
const categories = [
  'Geo',
  'Met',
  'Safety',
  'Security',
  'Rescue',
  'Fire',
  'Health',
  'Env',
  'Transport',
  'Infra',
  'CBRNE',
  'Other',
];
const urgencies = ['Immediate', 'Expected', 'Future', 'Past', 'Unknown'];
const severities = ['Extreme', 'Severe', 'Moderate', 'Minor', 'Unknown'];
const certainties = ['Observed', 'Likely', 'Possible', 'Unlikely', 'Unknown'];
/** Message types that are about another alert and need no info block (CAP 1.2 3.2.1). */
const aboutAnother = ['Ack', 'Error', 'Cancel'];

/**
 * Judges a CAP 1.2 document before it is sent in a non-interactive call (RFC 8876 4.2): well-formed, every element there
 * that CAP and the RFC require, each with a value CAP knows. The error is the list of what is wrong.
 */
export function readCap(document: Uint8Array | string): Result<CapAlert, readonly string[]> {
  const read = readXml(document, { maxBytes: maxCapOctets });
  if (!read.ok) {
    const { code, message, line } = read.error;
    return err([
      `${code === 'ill-formed' ? 'not well-formed' : code}${line === undefined ? '' : `, line ${line}`}: ${message}`,
    ]);
  }
  const alert = read.value;
  if (alert.local !== 'alert') return err([`the root is <${alert.local}>, not <alert>`]);
  if (alert.uri !== CAP_NS) return err([`<alert> is not in the namespace ${CAP_NS}`]);
  const problems: string[] = [];
  const warnings: string[] = [];
  const found = (name: string): string => required(alert, name, '<alert>', problems);

  const identifier = found('identifier');
  const sender = found('sender');
  const sent = found('sent');
  for (const [name, value] of [
    ['identifier', identifier],
    ['sender', sender],
  ] as const) {
    if (/[\s,<&]/.test(value)) problems.push(`<${name}> must not have blanks, commas, < or &`);
  }
  time('sent', sent, problems, warnings);
  const status = oneOf(alert, 'status', statuses, '<alert>', problems);
  const msgType = oneOf(alert, 'msgType', messageTypes, '<alert>', problems);
  oneOf(alert, 'scope', scopes, '<alert>', problems);
  // RFC 8876 4.2
  found('incidents');
  if (child(alert, CAP_NS, 'addresses')) warnings.push('<addresses> is not used: SIP routes the alert');

  const infos = childrenOf(alert, CAP_NS, 'info');
  if (infos.length === 0 && !aboutAnother.includes(msgType)) problems.push(`<alert> has no <info>`);
  const areas: Shape[] = [];
  for (const [i, info] of infos.entries()) {
    const where = infos.length === 1 ? '<info>' : `<info> ${i + 1}`;
    checkInfo(info, where, problems, warnings);
    for (const area of childrenOf(info, CAP_NS, 'area')) readArea(area, areas, problems);
  }
  if (problems.length > 0) return err(problems);
  const event = infos[0] && textOf(infos[0], 'event');
  return ok({
    identifier,
    sender,
    sent,
    status,
    msgType,
    ...(event !== undefined && { event }),
    areas,
    warnings,
  });
}

function checkInfo(info: XmlElement, where: string, problems: string[], warnings: string[]): void {
  const named = childrenOf(info, CAP_NS, 'category').map((e) => e.text.trim());
  if (named.length === 0) problems.push(`${where} has no <category>`);
  for (const category of named) {
    if (!categories.includes(category))
      problems.push(`${where}: <category> is one of ${categories.join(', ')}`);
  }
  required(info, 'event', where, problems);
  oneOf(info, 'urgency', urgencies, where, problems);
  oneOf(info, 'severity', severities, where, problems);
  oneOf(info, 'certainty', certainties, where, problems);
  for (const name of ['effective', 'onset', 'expires']) {
    const value = textOf(info, name);
    if (value !== undefined) time(name, value, problems, warnings);
  }
  for (const name of ['parameter', 'eventCode']) {
    for (const pair of childrenOf(info, CAP_NS, name)) {
      required(pair, 'valueName', `<${name}>`, problems);
      if (!child(pair, CAP_NS, 'value')) problems.push(`<${name}> has no <value>`);
    }
  }
  for (const resource of childrenOf(info, CAP_NS, 'resource')) {
    required(resource, 'resourceDesc', '<resource>', problems);
    required(resource, 'mimeType', '<resource>', problems);
  }
}

/** CAP 1.2 3.2.4: `lat,lon` pairs, the last position of a polygon being the first; a circle's radius in kilometres. */
function readArea(area: XmlElement, areas: Shape[], problems: string[]): void {
  required(area, 'areaDesc', '<area>', problems);
  for (const { text } of childrenOf(area, CAP_NS, 'polygon')) {
    const ring = text.trim().split(/\s+/).map(positionOf);
    const positions = ring.filter((p) => p !== undefined);
    const [first] = positions;
    const last = positions.at(-1);
    if (
      positions.length !== ring.length ||
      positions.length < 4 ||
      first?.[0] !== last?.[0] ||
      first?.[1] !== last?.[1]
    ) {
      problems.push('<polygon> is four or more lat,lon pairs, the last one being the first');
    } else areas.push({ type: 'polygon', rings: [positions] });
  }
  for (const { text } of childrenOf(area, CAP_NS, 'circle')) {
    const [point = '', kilometres = '', more] = text.trim().split(/\s+/);
    const center = positionOf(point);
    const radius = decimal(kilometres);
    if (!center || radius === undefined || radius < 0 || more !== undefined) {
      problems.push('<circle> is lat,lon and a radius in kilometres');
    } else if (radius === 0) areas.push({ type: 'point', position: center });
    else areas.push({ type: 'circle', center, radius: radius * 1_000 });
  }
}

function positionOf(text: string): Position | undefined {
  const [lat, lon, more] = text.split(',').map(decimal);
  if (lat === undefined || lon === undefined || more !== undefined || text.split(',').length !== 2)
    return undefined;
  return Math.abs(lat) <= 90 && Math.abs(lon) <= 180 ? [lon, lat] : undefined;
}

function decimal(text: string): number | undefined {
  return /^[+-]?\d{1,12}(?:\.\d{1,20})?$/.test(text) ? Number(text) : undefined;
}

/** CAP 1.2 3.3.2: a dateTime with a numeric offset; `Z` is seen all the same. */
function time(name: string, value: string, problems: string[], warnings: string[]): void {
  if (value === '') return;
  const form = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;
  if (!form.test(value) || Number.isNaN(Date.parse(value))) {
    problems.push(`<${name}> is a date and time with an offset, such as 2026-01-31T12:00:00+01:00`);
  } else if (value.endsWith('Z')) warnings.push(`<${name}>: CAP wants -00:00 rather than Z`);
}

function required(parent: XmlElement, name: string, where: string, problems: string[]): string {
  const text = textOf(parent, name) ?? '';
  if (text === '') problems.push(`${where} has no <${name}>`);
  return text;
}

function oneOf(
  parent: XmlElement,
  name: string,
  values: readonly string[],
  where: string,
  problems: string[],
): string {
  const text = required(parent, name, where, problems);
  if (text !== '' && !values.includes(text))
    problems.push(`${where}: <${name}> is one of ${values.join(', ')}`);
  return text;
}

function textOf(parent: XmlElement, name: string): string | undefined {
  return child(parent, CAP_NS, name)?.text.trim();
}
