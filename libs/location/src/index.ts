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
  CIVIC_NS,
  type CivicAddress,
  type CivicElement,
  MAX_CIVIC_ELEMENTS,
  readCivic,
  writeCivic,
} from './civic-address.js';
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
