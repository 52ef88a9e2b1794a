export type {
  ArcBandShape,
  CircleShape,
  EllipseShape,
  PointShape,
  PolygonShape,
  Position,
  Shape,
} from './shape.js';
export type { LocationError, LocationErrorCode } from './location-error.js';
export {
  GEOSHAPE_NS,
  GML32_NS,
  GML_NS,
  GML_NAMESPACES,
  isGmlShape,
  MAX_LENGTH_M,
  MAX_POLYGON_POSITIONS,
  readGmlShape,
  writeGmlShape,
} from './gml-shape.js';
export {
  type CivicAddress,
  civicElement,
  type CivicElement,
  MAX_CIVIC_ELEMENTS,
  readCivic,
  writeCivic,
} from './civic-address.js';
export {
  CIVIC_EXT_NS,
  CIVIC_NS,
  CIVIC_ORDER,
  civicKey,
  civicNamespace,
  NENA_CIVIC_NS,
} from './civic-names.js';
export {
  type CivicFolding,
  type EquivalentProblem,
  foldCivic,
  foldingOf,
  foldText,
  MAX_CIVIC_VALUE,
  PLAIN_FOLDING,
} from './civic-fold.js';
export { type CivicProblem } from './civic-features.js';
export {
  AREA_NAMES,
  type AreaService,
  civicBuffersOf,
  type CivicTables,
  ROAD_NAMES,
  sizeOfTables,
} from './civic-tables.js';
export {
  type CivicFile,
  type CivicSources,
  type LoadedCivic,
  loadCivicData,
  MAX_CIVIC_PROBLEMS,
} from './civic-load.js';
export { type CivicMatch, matchCivic, MAX_CIVIC_ROADS } from './civic-match.js';
export {
  areasWithin,
  boxOfAreas,
  boxOfRoads,
  type CivicBox,
  hasCountry,
  isWhole,
  placesOf,
  placesOfNumber,
  someplaceOf,
  wideRoads,
} from './civic-places.js';
export { type AreaRow, areaRow, areaRowCount, areaRowsFor } from './civic-rows.js';
export { civicValueId, type CivicVerdict } from './civic-sought.js';
export {
  BASIC_POLICY_NS,
  GEOPRIV_NS,
  PIDF_CONTENT_TYPE,
  PIDF_NS,
  type PidfContainer,
  type PidfLo,
  type PidfLocation,
} from './pidf-lo.js';
export { MAX_PIDF_LOCATIONS, readPidfLo, readPresence } from './read-pidf-lo.js';
export { type PidfLoContent, writePidfLo } from './write-pidf-lo.js';
export { destination, distance, EARTH_RADIUS_M } from './geodesy.js';
export {
  areaOf,
  centroidOf,
  DEFAULT_OUTLINE_POINTS,
  shapeToPolygon,
  uncertaintyOf,
} from './shape-geometry.js';
export type {
  BoundaryAttributes,
  BoundaryGeometry,
  BoundaryRing,
  ServiceBoundary,
} from './service-boundary.js';
export { geometryOf, positionsOfRegion, RingPacker, ringsOfRegion } from './packed-rings.js';
export {
  buffersOf,
  bytesOf,
  indexRings,
  packBoundaries,
  type PackedBoundaries,
} from './packed-boundaries.js';
export {
  type BoundaryProblem,
  type BoundaryProblemCode,
  BoundaryReader,
  MAX_BOUNDARY_PROBLEMS,
  NO_COLLECTION,
  readBoundaries,
} from './read-boundaries.js';
export {
  BoundaryIndex,
  type Coverage,
  MAX_COVERING_WORK,
  MIN_COVERING_SHARE,
  type Neighbour,
} from './boundary-index.js';
export { COVERING_POINTS, MAX_COVERING_CORNERS } from './shape-loops.js';
