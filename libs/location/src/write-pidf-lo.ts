import { escapeAttribute, escapeText } from '@esinet/xml';
import { type CivicAddress, writeCivic } from './civic-address.js';
import { GEOSHAPE_NS, GML_NS, writeGmlShape } from './gml-shape.js';
import { BASIC_POLICY_NS, CONFIDENCE_NS, type Confidence, GEOPRIV_NS, PIDF_NS } from './pidf-lo.js';
import type { Shape } from './shape.js';

/** One place: where both are given, shape and civic address describe the same one (RFC 5491 3, rule 6). */
export interface PidfLoPlace {
  readonly shape?: Shape;
  readonly civic?: CivicAddress;
  /** RFC 7459 4.1. Left out of the document where there is nothing but a point. */
  readonly confidence?: Confidence;
  /** xs:dateTime: when the device was there. */
  readonly timestamp: string;
  readonly method?: string;
  /** Where information about who provides the location is: ProviderInfo of RFC 7852. */
  readonly providedBy?: string;
  /** xs:dateTime. */
  readonly retentionExpiry: string;
  /** RFC 4119 2.2.2. Left out it means false. */
  readonly retransmissionAllowed?: boolean;
}

export interface PidfLoContent extends PidfLoPlace {
  /** A URI: pres:, sip:, or an unlinked pseudonym. */
  readonly entity: string;
  /** Of the tuple; made an XML name where it is none. Default `location`. */
  readonly id?: string;
}

/** RFC 7852 6.2: what points from a PIDF-LO at data about its provider. */
const EMERGENCY_CALL_DATA_NS = 'urn:ietf:params:xml:ns:EmergencyCallData';

/** A schema-valid PIDF-LO with one tuple (TS 103 698 5.5.4). */
export function writePidfLo(p: PidfLoContent): string {
  return writePresence(p.entity, [p], p.id);
}

/**
 * A schema-valid PIDF-LO with a tuple for each place, the one that counts first (RFC 5491 3, rules 2 and 8). Within a
 * tuple the shape comes first (rule 7). All in one line: a client in the field (Kamailio 5.6 as it is delivered) keeps
 * the first line of an HTTP answer only.
 */
export function writePresence(entity: string, places: readonly PidfLoPlace[], id = 'location'): string {
  const known = xmlId(id);
  return (
    '<?xml version="1.0" encoding="UTF-8"?>' +
    `<presence xmlns="${PIDF_NS}" xmlns:gp="${GEOPRIV_NS}" xmlns:gbp="${BASIC_POLICY_NS}"` +
    ` xmlns:gml="${GML_NS}" xmlns:gs="${GEOSHAPE_NS}" entity="${escapeAttribute(entity)}">` +
    places.map((place, i) => writeTuple(place, i === 0 ? known : `${known}-${i + 1}`)).join('') +
    '</presence>'
  );
}

function writeTuple(p: PidfLoPlace, id: string): string {
  const shape = p.shape ? writeGmlShape(withoutHoles(p.shape), { gml: 'gml', gs: 'gs' }) : '';
  const civic = p.civic ? writeCivic(p.civic) : '';
  const confidence =
    p.confidence && (p.civic || p.shape?.type !== 'point') ? writeConfidence(p.confidence) : '';
  const retransmission =
    p.retransmissionAllowed === undefined
      ? ''
      : `<gbp:retransmission-allowed>${p.retransmissionAllowed}</gbp:retransmission-allowed>`;
  const method = p.method ? `<gp:method>${escapeText(p.method)}</gp:method>` : '';
  const providedBy = p.providedBy
    ? `<gp:provided-by><EmergencyCallDataReference xmlns="${EMERGENCY_CALL_DATA_NS}"` +
      ` purpose="EmergencyCallData.ProviderInfo" ref="${escapeAttribute(p.providedBy)}"/></gp:provided-by>`
    : '';
  return (
    `<tuple id="${id}"><status><gp:geopriv>` +
    `<gp:location-info>${shape}${civic}${confidence}</gp:location-info>` +
    `<gp:usage-rules>${retransmission}` +
    `<gbp:retention-expiry>${escapeText(p.retentionExpiry)}</gbp:retention-expiry></gp:usage-rules>` +
    `${method}${providedBy}</gp:geopriv></status>` +
    `<timestamp>${escapeText(p.timestamp)}</timestamp></tuple>`
  );
}

/** RFC 7459 4.1 and 7: a percentage between 0 and 100, neither of them, or `unknown`. Rounding goes down (5). */
function writeConfidence(c: Confidence): string {
  const known = c.value !== 'unknown' && c.value > 0 && c.value < 100;
  const value = known ? String(Math.max(0.0001, Math.floor(Number(c.value) * 10_000) / 10_000)) : 'unknown';
  const pdf = c.pdf === undefined || c.pdf === 'unknown' ? '' : ` pdf="${c.pdf}"`;
  return `<confidence xmlns="${CONFIDENCE_NS}"${pdf}>${value}</confidence>`;
}

/** The GML profile of RFC 5491 5.2.2 has no interiors; without them the area only grows. */
function withoutHoles(s: Shape): Shape {
  return s.type === 'polygon' ? { type: 'polygon', rings: s.rings.slice(0, 1) } : s;
}

/** xs:ID must be a name without a colon and cannot start with a digit. */
function xmlId(id: string): string {
  const bare = id.replace(/[^-A-Za-z0-9_.]/g, '_');
  return /^[A-Za-z_]/.test(bare) ? bare : `_${bare}`;
}
