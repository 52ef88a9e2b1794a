import type { BoundaryProblemCode } from '@esinet/location';

export type Severity = 'Error' | 'Notice';

interface Entry {
  readonly severity: Severity;
  /** In a few words, for many of them. */
  readonly title: string;
  readonly meaning: string;
  readonly fix: string;
}

const wgs84 =
  'Transform it: ogr2ogr -t_srs EPSG:4326 -lco RFC7946=YES out.geojson in.geojson (or in QGIS: Save As, EPSG:4326).';

/** What each issue means and what to do about it. An Error would misroute a call or keep an ECRF from loading the set. */
export const issueCatalogue = {
  gap: {
    severity: 'Error',
    title: 'gaps',
    meaning: 'Nobody serves this area: a caller in it gets the default answer of the ECRF, or none.',
    fix: 'Move the border of one neighbour to that of the other, or add a feature for the area. A lake or an enclave that is meant can be accepted (--exceptions).',
  },
  overlap: {
    severity: 'Error',
    title: 'overlaps',
    meaning:
      'Two features claim this area for the same service at the same time: which centre answers is a matter of chance.',
    fix: 'Agree with the neighbour on one border and take the area out of one of the two.',
  },
  'duplicate-geometry': {
    severity: 'Error',
    title: 'duplicate areas',
    meaning: 'Two features of the same service cover exactly the same area at the same time.',
    fix: 'Remove one of them, or give the older one an Expire no later than the Effective of the newer one.',
  },
  'overlapping-validity': {
    severity: 'Notice',
    title: 'versions that are valid at the same time',
    meaning: 'Two versions of one area with the same ServiceURI are in force together for a while.',
    fix: 'Let the older one expire when the newer one becomes effective.',
  },
  'sliver-gap': {
    severity: 'Notice',
    title: 'sliver gaps',
    meaning: 'A gap narrower or smaller than the tolerance, as two digitisations of one border leave it.',
    fix: 'Snap the border of one neighbour to the vertices of the other.',
  },
  'sliver-overlap': {
    severity: 'Notice',
    title: 'sliver overlaps',
    meaning:
      'An overlap narrower or smaller than the tolerance, as two digitisations of one border leave it.',
    fix: 'Snap the border of one neighbour to the vertices of the other.',
  },
  'beyond-authority': {
    severity: 'Notice',
    title: 'areas outside of the authority',
    meaning: 'The feature reaches beyond the boundary of the authority it was checked against.',
    fix: 'Cut it at the boundary, or agree with the neighbour that the area is yours.',
  },
  'coverage-ends': {
    severity: 'Notice',
    title: 'areas that lose their centre at a later date',
    meaning: 'A feature expires and nothing takes its place: from then on nobody serves this area.',
    fix: 'Add the feature that follows, effective when this one expires.',
  },
  'self-crossing': {
    severity: 'Error',
    title: 'outlines that cross themselves',
    meaning: 'The outline crosses itself: what is inside and what outside cannot be told.',
    fix: 'Repair it: in QGIS with Fix geometries, in PostGIS with ST_MakeValid.',
  },
  'self-overlap': {
    severity: 'Error',
    title: 'features whose parts lie over each other',
    meaning: 'Parts of one feature overlap, or a hole lies outside of its polygon.',
    fix: 'Dissolve the parts into one: in QGIS with Dissolve, in PostGIS with ST_Union.',
  },
  'not-closed': {
    severity: 'Error',
    title: 'open rings',
    meaning: 'A ring does not end where it starts (RFC 7946 3.1.6).',
    fix: 'Close it: esinet gis convert --close-rings.',
  },
  'too-few-positions': {
    severity: 'Error',
    title: 'rings with too few positions',
    meaning: 'A ring has fewer than four positions, the first repeated as the last: it encloses nothing.',
    fix: 'Remove the ring or draw it again.',
  },
  'empty-ring': {
    severity: 'Notice',
    title: 'rings that enclose nothing',
    meaning:
      'All positions of a ring lie on one line or in one place, as simplification leaves it. It does no harm.',
    fix: 'Remove the ring.',
  },
  'not-a-number': {
    severity: 'Error',
    title: 'positions that are not numbers',
    meaning: 'A position is not two numbers, longitude and latitude.',
    fix: 'Export the feature again; null and NaN come from broken conversions.',
  },
  'out-of-range': {
    severity: 'Error',
    title: 'positions beyond the globe',
    meaning: 'A longitude is beyond 180 degrees or a latitude beyond 90.',
    fix: 'Check the coordinate reference system of the export: it has to be WGS84 in degrees.',
  },
  'axes-swapped': {
    severity: 'Error',
    title: 'exchanged axes',
    meaning: 'Latitude comes before longitude; GeoJSON has longitude first (RFC 7946 3.1.1).',
    fix: 'Exchange them: esinet gis convert --swap-axes.',
  },
  'wrong-winding': {
    severity: 'Notice',
    title: 'rings of the wrong winding',
    meaning:
      'Exterior rings run counter-clockwise and holes clockwise (RFC 7946 3.1.6); here it is the other way round. The ECRF reads it all the same.',
    fix: 'Rewind it: esinet gis convert --rewind.',
  },
  'empty-geometry': {
    severity: 'Error',
    title: 'features without a geometry',
    meaning: 'The feature has no rings.',
    fix: 'Draw it, or remove the feature.',
  },
  'geometry-type': {
    severity: 'Error',
    title: 'geometries that are no area',
    meaning: 'A service boundary is a Polygon or a MultiPolygon.',
    fix: 'Take the polygons out of a GeometryCollection; make polygons of lines (QGIS: Lines to polygons).',
  },
  crs: {
    severity: 'Error',
    title: 'another coordinate reference system',
    meaning: 'Positions have to be WGS84 longitude and latitude in degrees (RFC 7946 4).',
    fix: wgs84,
  },
  projected: {
    severity: 'Error',
    title: 'projected coordinates',
    meaning: 'The numbers look like metres or feet of a projection, not like degrees.',
    fix: wgs84,
  },
  'not-a-feature-collection': {
    severity: 'Error',
    title: 'no FeatureCollection',
    meaning: 'The file is JSON, but no GeoJSON FeatureCollection.',
    fix: 'Convert it: esinet gis convert reads TopoJSON, single features, CSV with WKT and KML.',
  },
  'not-a-feature': {
    severity: 'Error',
    title: 'things that are no feature',
    meaning: 'An entry of the collection is no GeoJSON Feature.',
    fix: 'Remove it.',
  },
  'no-features': {
    severity: 'Error',
    title: 'nothing to check',
    meaning: 'There is no feature at all: an ECRF with this set answers every question with its default.',
    fix: 'Check the export, and --layer where it was given.',
  },
  'nothing-in-force': {
    severity: 'Error',
    title: 'layers without a feature in force',
    meaning: 'Every feature of the service has expired or is not effective yet.',
    fix: 'Check Effective and Expire.',
  },
  'missing-nguid': {
    severity: 'Error',
    title: 'features without NGUID',
    meaning: 'NGUID names a feature for good: in mappings, in caches, in every report about it.',
    fix: 'Give each its own: urn:emergency:uid:gis:LAYER:ID:AGENCY, or any unique text.',
  },
  'duplicate-nguid': {
    severity: 'Error',
    title: 'NGUIDs used twice',
    meaning: 'Two features have the same NGUID: caches would take one for the other.',
    fix: 'Give the later one an NGUID of its own.',
  },
  'missing-service-uri': {
    severity: 'Error',
    title: 'features without ServiceURI',
    meaning: 'ServiceURI is where calls from the area go.',
    fix: 'Set it: esinet gis convert --set ServiceURI=sip:psap@example.org, or map a column: --map YourColumn=ServiceURI.',
  },
  'bad-service-uri': {
    severity: 'Error',
    title: 'ServiceURIs that cannot be read',
    meaning: 'ServiceURI is no URI with a scheme and a host.',
    fix: 'Write it as sip:name@host or sips:name@host.',
  },
  'odd-service-uri': {
    severity: 'Notice',
    title: 'ServiceURIs that are not SIP',
    meaning: 'Calls are routed to sip and sips URIs; an ESRP cannot route to this one.',
    fix: 'Write it as sip:name@host or sips:name@host.',
  },
  'missing-service-urn': {
    severity: 'Error',
    title: 'features without ServiceURN',
    meaning: 'ServiceURN says for which service the area is.',
    fix: 'Set it: esinet gis convert --set ServiceURN=urn:service:sos.',
  },
  'bad-service-urn': {
    severity: 'Error',
    title: 'ServiceURNs that cannot be read',
    meaning: 'ServiceURN is no URN.',
    fix: 'Write it as urn:service:sos or urn:service:sos.police (RFC 5031).',
  },
  'unknown-service-urn': {
    severity: 'Notice',
    title: 'ServiceURNs nobody has registered',
    meaning: 'The service is not in the registry of RFC 5031: nobody will ask for it.',
    fix: 'Check the spelling.',
  },
  'missing-service-number': {
    severity: 'Notice',
    title: 'features without ServiceNum',
    meaning: 'ServiceNum is the number people dial for the service (RFC 5222 5.7).',
    fix: 'Set it: esinet gis convert --set ServiceNum=112.',
  },
  'bad-service-number': {
    severity: 'Error',
    title: 'ServiceNums that are no dial string',
    meaning: 'ServiceNum consists of digits, * and # (RFC 5222 5.7).',
    fix: 'Write it as 112 or 911.',
  },
  'missing-display-name': {
    severity: 'Notice',
    title: 'features without DsplayName',
    meaning: 'DsplayName is what people read; the LoST answer carries it.',
    fix: 'Map the column that has it: esinet gis convert --map Name=DsplayName.',
  },
  'missing-agency-id': {
    severity: 'Notice',
    title: 'features without Agency_ID',
    meaning: 'Agency_ID is the domain name of the agency that provides the service.',
    fix: 'Set it: esinet gis convert --set Agency_ID=psap.example.org.',
  },
  'bad-date': {
    severity: 'Error',
    title: 'dates that cannot be read',
    meaning: 'Effective and Expire are ISO 8601 dates.',
    fix: 'Write it as 2027-01-01T00:00:00Z.',
  },
  'expires-before-effective': {
    severity: 'Error',
    title: 'features that expire before they begin',
    meaning: 'Expire is not after Effective: the feature is never in force.',
    fix: 'Exchange or correct the two.',
  },
  expired: {
    severity: 'Notice',
    title: 'expired features',
    meaning: 'The feature has expired: the ECRF does not answer with it any more.',
    fix: 'Remove it, or set a later Expire.',
  },
  'not-yet-effective': {
    severity: 'Notice',
    title: 'features that are not effective yet',
    meaning: 'The feature becomes effective later: until then the ECRF does not answer with it.',
    fix: 'Nothing, if it is planned so.',
  },
  'refused-by-ecrf': {
    severity: 'Error',
    title: 'what the ECRF would refuse',
    meaning: 'The ECRF refuses a set with this in it, as a whole.',
    fix: 'See the message.',
  },
  'too-complex': {
    severity: 'Error',
    title: 'features too tangled to compare',
    meaning: 'The outline crosses itself or others so often that it was left out of the comparison.',
    fix: 'Repair or simplify it, then check again.',
  },
  'not-all-compared': {
    severity: 'Notice',
    title: 'comparisons left out',
    meaning: 'So many features lie over each other that not all pairs were listed.',
    fix: 'Repair what is listed, then check again.',
  },
  'unused-exception': {
    severity: 'Notice',
    title: 'exceptions that accept nothing',
    meaning: 'The exceptions file accepts an issue that there is no longer.',
    fix: 'Remove it from the file.',
  },
} as const satisfies Readonly<Record<string, Entry>>;

export type IssueCode = keyof typeof issueCatalogue;

/** Of the problems of readBoundaries, those named alike here. */
export function isIssueCode(code: BoundaryProblemCode | string): code is IssueCode {
  return Object.hasOwn(issueCatalogue, code);
}
