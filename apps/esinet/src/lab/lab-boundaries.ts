import { type LabFeature, type LabFeatureCollection, type Outline, readAtlas } from './atlas.js';

/** To be shown wherever the outlines of the communities are. The data are CC BY 4.0, simplified by the package es-atlas. */
export const LAB_ATTRIBUTION =
  'Boundaries of the autonomous communities: © Instituto Geográfico Nacional de España, CC BY 4.0, simplified (es-atlas)';
export const LAB_NOTE =
  'Fictitious emergency centres for the lab; no real one is reachable through these addresses.';

/** A fictitious 112 centre of the lab. */
export interface LabPsap {
  /** INE code of the autonomous community, two digits. */
  readonly code: string;
  /** User part of the PSAP's URI. */
  readonly slug: string;
  readonly name: string;
}

/** In the order of the INE codes. Gibraltar, which the outlines have as code 20, is no community. */
export const LAB_PSAPS: readonly LabPsap[] = [
  { code: '01', slug: 'andalucia', name: 'Andalucía' },
  { code: '02', slug: 'aragon', name: 'Aragón' },
  { code: '03', slug: 'asturias', name: 'Asturias' },
  { code: '04', slug: 'illes-balears', name: 'Illes Balears' },
  { code: '05', slug: 'canarias', name: 'Canarias' },
  { code: '06', slug: 'cantabria', name: 'Cantabria' },
  { code: '07', slug: 'castilla-y-leon', name: 'Castilla y León' },
  { code: '08', slug: 'castilla-la-mancha', name: 'Castilla-La Mancha' },
  { code: '09', slug: 'catalunya', name: 'Catalunya' },
  { code: '10', slug: 'comunitat-valenciana', name: 'Comunitat Valenciana' },
  { code: '11', slug: 'extremadura', name: 'Extremadura' },
  { code: '12', slug: 'galicia', name: 'Galicia' },
  { code: '13', slug: 'madrid', name: 'Madrid' },
  { code: '14', slug: 'murcia', name: 'Murcia' },
  { code: '15', slug: 'navarra', name: 'Navarra' },
  { code: '16', slug: 'euskadi', name: 'Euskadi' },
  { code: '17', slug: 'la-rioja', name: 'La Rioja' },
  { code: '18', slug: 'ceuta', name: 'Ceuta' },
  { code: '19', slug: 'melilla', name: 'Melilla' },
];

const PSAP_DOMAIN = 'psap.esinet.internal';

/**
 * The lab's service boundaries, with the property names of the NENA GIS data model: one centre for each autonomous
 * community of Spain. All are for `urn:service:sos`; subservices such as `sos.fire` fall back to it.
 */
export function labBoundaries(): LabFeatureCollection {
  const outlines = new Map(spanishOutlines().map((o) => [o.code, o]));
  return {
    type: 'FeatureCollection',
    properties: { attribution: LAB_ATTRIBUTION, note: LAB_NOTE },
    features: LAB_PSAPS.flatMap((psap) => {
      const outline = outlines.get(psap.code);
      return outline ? [boundaryOf(psap, outline)] : [];
    }),
  };
}

function boundaryOf(psap: LabPsap, outline: Outline): LabFeature {
  return {
    type: 'Feature',
    properties: {
      NGUID: `urn:esinet:lab:es:${psap.code}`,
      ServiceURI: `sip:${psap.slug}@${PSAP_DOMAIN}`,
      ServiceURN: 'urn:service:sos',
      ServiceNum: '112',
      DsplayName: `112 ${psap.name} (lab)`,
      Agency_ID: `${psap.slug}.${PSAP_DOMAIN}`,
      Language: 'es',
    },
    geometry: { type: 'MultiPolygon', coordinates: outline.polygons },
  };
}

/** Codes 01 to 19 are the communities and cities, 20 is Gibraltar. The Canaries are at their true place. */
export function spanishOutlines(): Outline[] {
  return readAtlas('es-atlas/es/autonomous_regions.json', 'autonomous_regions');
}
