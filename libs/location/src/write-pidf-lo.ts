import { escapeAttribute, escapeText } from '@esinet/xml';
import { type CivicAddress, writeCivic } from './civic-address.js';
import { GEOSHAPE_NS, GML_NS, writeGmlShape } from './gml-shape.js';
import { BASIC_POLICY_NS, GEOPRIV_NS, PIDF_NS } from './pidf-lo.js';
import type { Shape } from './shape.js';

export interface PidfLoContent {
  /** A URI: pres:, sip:, or an unlinked pseudonym. */
  readonly entity: string;
  readonly shape?: Shape;
  readonly civic?: CivicAddress;
  /** xs:dateTime. */
  readonly timestamp: string;
  readonly method?: string;
  /** xs:dateTime. */
  readonly retentionExpiry: string;
  /** Of the tuple; made an XML name where it is none. Default `location`. */
  readonly id?: string;
}

/**
 * A schema-valid PIDF-LO with one tuple (TS 103 698 5.5.4). Where both are given, shape and civic address describe
 * the same place, the shape first (RFC 5491 3, rules 6 and 7). Retransmission stays at its default, not allowed.
 * All in one line: a client in the field (Kamailio 5.6 as it is delivered) keeps the first line of an HTTP answer only.
 */
export function writePidfLo(p: PidfLoContent): string {
  const shape = p.shape ? writeGmlShape(withoutHoles(p.shape), { gml: 'gml', gs: 'gs' }) : '';
  const civic = p.civic ? writeCivic(p.civic) : '';
  const method = p.method ? `<gp:method>${escapeText(p.method)}</gp:method>` : '';
  return (
    '<?xml version="1.0" encoding="UTF-8"?>' +
    `<presence xmlns="${PIDF_NS}" xmlns:gp="${GEOPRIV_NS}" xmlns:gbp="${BASIC_POLICY_NS}"` +
    ` xmlns:gml="${GML_NS}" xmlns:gs="${GEOSHAPE_NS}" entity="${escapeAttribute(p.entity)}">` +
    `<tuple id="${escapeAttribute(xmlId(p.id ?? 'location'))}"><status><gp:geopriv>` +
    `<gp:location-info>${shape}${civic}</gp:location-info>` +
    `<gp:usage-rules><gbp:retention-expiry>${escapeText(p.retentionExpiry)}</gbp:retention-expiry></gp:usage-rules>` +
    `${method}</gp:geopriv></status>` +
    `<timestamp>${escapeText(p.timestamp)}</timestamp></tuple></presence>`
  );
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
