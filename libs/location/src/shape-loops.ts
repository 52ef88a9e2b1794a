import type { Extent } from './boundary-extent.js';
import { METRES_PER_DEGREE } from './geodesy.js';
import { areaOfLoop, type Loop } from './half-strip.js';
import type { CircleShape, Position, Shape } from './shape.js';
import { outlineOf } from './shape-geometry.js';

/** Corners of the polygon that stands for a circle or an ellipse when areas are compared. */
export const COVERING_POINTS = 32;
/** Corners of one shape that are compared; of larger ones only so many, evenly chosen. */
export const MAX_COVERING_CORNERS = 256;
const MAX_SIMPLE_RADIUS_M = 20_000;
const MAX_SIMPLE_LATITUDE = 80;
const SIMPLE_MARGIN = 1.001;
/** Points within a shape that stand for it where comparing areas would cost too much. */
const SAMPLES = 1_000;
/** Points on a side of the grid they are taken from; a thin shape gets fewer than it should. */
const MAX_GRID = 100;

/** The shape's rings, exterior counter-clockwise and holes clockwise, so that their areas add up. */
export function loopsOf(s: Shape): Loop[] {
  const rings = outlineOf(s, COVERING_POINTS);
  if (rings.some((ring) => Math.abs((ring.at(-1)?.[0] ?? 0) - (ring[0]?.[0] ?? 0)) > 180)) return [];
  const corners = rings.reduce((sum, ring) => sum + ring.length, 0);
  const step = Math.max(1, Math.ceil(corners / MAX_COVERING_CORNERS));
  return rings.map((ring, n) => {
    const kept = ring.slice(0, -1).filter((_, i) => i % step === 0);
    const loop = Float64Array.from(kept.flat());
    if (areaOfLoop(loop) < 0 === n > 0) return loop;
    return Float64Array.from(kept.reverse().flat());
  });
}

/** A little more than a circle of some kilometres takes; undefined: too large, or too close to a pole, to say so simply. */
export function extentOfCircle(s: CircleShape): Extent | undefined {
  const [lon, lat] = s.center;
  if (!(s.radius <= MAX_SIMPLE_RADIUS_M) || !(Math.abs(lat) <= MAX_SIMPLE_LATITUDE)) return undefined;
  const dLat = (s.radius / METRES_PER_DEGREE) * SIMPLE_MARGIN;
  const dLon = dLat / Math.cos(((Math.abs(lat) + dLat) * Math.PI) / 180);
  return { minX: lon - dLon, minY: lat - dLat, maxX: lon + dLon, maxY: lat + dLat };
}

export function extentOfLoops(loops: readonly Loop[]): Extent {
  let minX = Infinity;
  let minY = Infinity;
  let maxX = -Infinity;
  let maxY = -Infinity;
  for (const loop of loops) {
    for (let i = 0; i + 1 < loop.length; i += 2) {
      minX = Math.min(minX, loop[i]!);
      maxX = Math.max(maxX, loop[i]!);
      minY = Math.min(minY, loop[i + 1]!);
      maxY = Math.max(maxY, loop[i + 1]!);
    }
  }
  return { minX, minY, maxX, maxY };
}

/** Even-odd over all loops. */
export function withinLoops(loops: readonly Loop[], px: number, py: number): boolean {
  let inside = false;
  for (const loop of loops) {
    let x1 = loop[loop.length - 2]!;
    let y1 = loop[loop.length - 1]!;
    for (let i = 0; i < loop.length; i += 2) {
      const x2 = loop[i]!;
      const y2 = loop[i + 1]!;
      if (y1 > py !== y2 > py && px < x1 + ((py - y1) / (y2 - y1)) * (x2 - x1)) inside = !inside;
      x1 = x2;
      y1 = y2;
    }
  }
  return inside;
}

/** Evenly spaced points within the loops, the same ones every time: row by row between the edges that meet the row. */
export function samplesOf(loops: readonly Loop[], e: Extent, whole: number): Position[] {
  const width = e.maxX - e.minX;
  const filled = whole / (width * (e.maxY - e.minY));
  const side = Math.min(MAX_GRID, Math.ceil(Math.sqrt(SAMPLES / filled)));
  const samples: Position[] = [];
  for (let row = 0; row < side; row += 1) {
    const y = e.minY + ((row + 0.5) / side) * (e.maxY - e.minY);
    const edges = crossingsOfRow(loops, y);
    for (let n = 0; n + 1 < edges.length; n += 2) {
      let column = Math.max(0, Math.ceil(((edges[n]! - e.minX) / width) * side - 0.5));
      for (; column < side; column += 1) {
        const x = e.minX + ((column + 0.5) / side) * width;
        if (x >= edges[n + 1]!) break;
        samples.push([x, y]);
      }
    }
  }
  return samples;
}

/** Where the loops meet a line of latitude, from west to east. */
function crossingsOfRow(loops: readonly Loop[], y: number): number[] {
  const crossings: number[] = [];
  for (const loop of loops) {
    let x1 = loop[loop.length - 2]!;
    let y1 = loop[loop.length - 1]!;
    for (let i = 0; i < loop.length; i += 2) {
      const x2 = loop[i]!;
      const y2 = loop[i + 1]!;
      if (y1 > y !== y2 > y) crossings.push(x1 + ((y - y1) / (y2 - y1)) * (x2 - x1));
      x1 = x2;
      y1 = y2;
    }
  }
  return crossings.sort((a, b) => a - b);
}
