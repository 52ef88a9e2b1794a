import { labBoundaries } from '../lab/lab-boundaries.js';
import { exit, printJson } from '../terminal.js';

/** `esinet boundaries`: a FeatureCollection with the property names of the NENA GIS data model, as an ECRF loads it. */
export function boundaries(): number {
  printJson(labBoundaries());
  return exit.ok;
}
