/** GeoJSON order (RFC 7946 3.1.1), WGS 84, degrees: the order everywhere but in GML. */
export type Position = readonly [lon: number, lat: number];

export interface PointShape {
  readonly type: 'point';
  readonly position: Position;
}

export interface CircleShape {
  readonly type: 'circle';
  readonly center: Position;
  /** Metres. */
  readonly radius: number;
}

export interface EllipseShape {
  readonly type: 'ellipse';
  readonly center: Position;
  /** Metres, never smaller than `semiMinor`. */
  readonly semiMajor: number;
  readonly semiMinor: number;
  /** Of the major axis, in degrees from north, clockwise. */
  readonly orientation: number;
}

/** A ring segment, such as a cell sector with timing advance. */
export interface ArcBandShape {
  readonly type: 'arcband';
  readonly center: Position;
  /** Metres. */
  readonly innerRadius: number;
  readonly outerRadius: number;
  /** Degrees from north, clockwise. */
  readonly startAngle: number;
  readonly openingAngle: number;
}

export interface PolygonShape {
  readonly type: 'polygon';
  /** Closed (last equals first); the first is the exterior, others are holes. */
  readonly rings: readonly (readonly Position[])[];
}

/** RFC 5491 5.2, in two dimensions: sphere, ellipsoid and prism are read as circle, ellipse and polygon. */
export type Shape = PointShape | CircleShape | EllipseShape | ArcBandShape | PolygonShape;
