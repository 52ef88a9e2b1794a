export { checkBoundaries, type CheckOptions, type CheckReport, MAX_WORK } from './check/check-boundaries.js';
export { MAX_PAIRS } from './check/check-coverage.js';
export { type AcceptedException, readExceptions } from './check/exceptions.js';
export type { GisFeature, GisSource } from './check/gis-feature.js';
export type { FeatureRef, Issue, IssueGeometry } from './check/issue.js';
export { type IssueCode, issueCatalogue, type Severity } from './check/issue-catalogue.js';
export { DEFAULT_TOLERANCE, type Tolerance } from './check/part-area.js';
export { jsonFault, jsonOutline, type JsonFault, MAX_JSON_DEPTH } from './json-places.js';
export { areaText, placeText } from './report/figures.js';
export { issuesGeojson, jsonReport } from './report/json-report.js';
export { textReport, type TextStyle } from './report/text-report.js';
export { checkPage, MAX_PAGE_ITEMS } from './report/check-page.js';
export type { LeafletFiles } from './report/html-page.js';
export { svgPicture } from './report/svg-picture.js';
export { type BoundaryDiff, diffBoundaries, type DiffOptions, isSame } from './diff/diff-boundaries.js';
export { diffGeojson, diffJson, diffPage, diffText } from './diff/diff-reports.js';
export {
  convertFeatures,
  type Converted,
  type ConvertOptions,
  nenaFields,
  writeGeojson,
} from './convert/convert-features.js';
export { writeCsv } from './convert/csv.js';
export { writeKml } from './convert/kml.js';
export { type DecodeTopology, foreignFormat, readRaw, type RawInput } from './convert/read-raw.js';
