import { type Command, InvalidArgumentError, Option } from 'commander';
import type { GisCheckOptions } from './gis-check.js';
import type { GisConvertOptions } from './gis-convert.js';
import type { GisDiffOptions } from './gis-diff.js';

type Running = <A extends unknown[]>(
  command: (...args: A) => Promise<number>,
) => (...args: A) => Promise<void>;

const examples = `Examples:
  esinet gis check county.geojson neighbour.geojson          gaps, overlaps, and everything that is wrong
  esinet gis check set.geojson --html report.html --svg picture.svg --out issues.geojson
                                                             the same as a page with a map, as a picture for a
                                                             mail, and as a layer for QGIS
  esinet gis diff old.geojson new.geojson --html changes.html
                                                             which area changes hands, with test points
  esinet boundaries | esinet gis check -                     the lab's own set
`;

const after = `
Exit codes: 0 fine, 1 errors (with --strict also notices), 2 wrong use, 3 a file that cannot be read.
Shapefile, GeoPackage, or another projection: ogr2ogr -t_srs EPSG:4326 -lco RFC7946=YES out.geojson in.shp`;

/** Square metres and metres: `50m2`, `2m`, or both as `50m2,2m`. A number alone is square metres. */
export function parseTolerance(text: string): { readonly areaM2: number; readonly widthM: number } {
  let areaM2 = 0;
  let widthM = 0;
  for (const part of text.split(/[,/]/)) {
    const match = /^\s*(\d+(?:\.\d+)?)\s*(m2|m²|m|)\s*$/.exec(part);
    if (!match) throw new InvalidArgumentError('Square metres, metres or both: 50m2, 2m, or 50m2,2m.');
    if (match[2] === 'm') widthM = Number(match[1]);
    else areaM2 = Number(match[1]);
  }
  return { areaM2, widthM };
}

function tolerance(): Option {
  return new Option(
    '--tolerance <m2,m>',
    'what is smaller or narrower is a sliver (default: 10m2,1m)',
  ).argParser(parseTolerance);
}

function parseDate(text: string): number {
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw new InvalidArgumentError('A date is 2027-01-01 or 2027-01-01T00:00:00Z.');
  return ms;
}

const convertExamples = `Examples:
  esinet gis convert counties.geojson --map Name=DsplayName --set ServiceURN=urn:service:sos \\
    --set 'NGUID=urn:emergency:uid:gis:ps:{GEOID}:agency.example' --rewind --out ours.geojson
  esinet gis convert areas.csv --close-rings --round 6 --out ours.geojson
  esinet gis convert ours.geojson --map DsplayName=name --to kml --out for-the-neighbour.kml
Other forms, and other systems than WGS84 (EPSG:4326):
  ogr2ogr -t_srs EPSG:4326 -lco RFC7946=YES out.geojson in.shp
`;

function pair(text: string, before: ReadonlyMap<string, string> = new Map()): Map<string, string> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('Two names or a name and a value with = between them.');
  return new Map([...before, [text.slice(0, at), text.slice(at + 1)]]);
}

function digits(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > 12) throw new InvalidArgumentError('Digits are 0 to 12.');
  return value;
}

/** `esinet gis`: for people who keep boundaries. What it needs is loaded when one of its commands runs. */
export function addGis(esinet: Command, running: Running, json: Option): void {
  const gis = esinet
    .command('gis')
    .description('for people who keep service boundaries: check, compare, convert')
    .addHelpText('before', examples)
    .addHelpText('after', after);
  gis
    .command('check')
    .description('gaps, overlaps and everything else that is wrong with a set of boundaries')
    .argument('<file...>', 'GeoJSON with the property names of the NENA GIS data model; - is standard input')
    .option('--layer <service>', 'only this service: sos.police, or the whole URN')
    .option('--against <file>', 'GeoJSON of the area that has to be covered, no less and no more')
    .addOption(tolerance())
    .option('--exceptions <file>', 'JSON: issues that are accepted, each with id, features, reason')
    .option('--strict', 'notices count as errors')
    .option('--out <file>', 'the issues as GeoJSON, a layer for QGIS')
    .option('--html <file>', 'a page with a map of them; opens from disk, needs no network')
    .option('--svg <file>', 'a picture of them, for a mail')
    .addOption(json)
    .addHelpText('before', examples)
    .addHelpText('after', after)
    .action(
      running(async (files: readonly string[], o: GisCheckOptions) =>
        (await import('./gis-check.js')).gisCheck(files, o),
      ),
    );
  gis
    .command('diff')
    .description('which area changes hands between two sets, and which features differ')
    .argument('<old>', 'GeoJSON in force')
    .argument('<new>', 'GeoJSON that is to follow')
    .option('--layer <service>', 'only this service: sos.police, or the whole URN')
    .addOption(tolerance())
    .addOption(new Option('--at <date>', 'compare what is in force then (default: now)').argParser(parseDate))
    .option('--exit-code', 'exit with 1 where something changes')
    .option('--out <file>', 'what changes hands as GeoJSON, a layer for QGIS')
    .option('--html <file>', 'a page with a map of it and test points; opens from disk, needs no network')
    .addOption(json)
    .action(
      running(async (oldFile: string, newFile: string, o: GisDiffOptions) =>
        (await import('./gis-diff.js')).gisDiff(oldFile, newFile, o),
      ),
    );
  gis
    .command('convert')
    .description('what you have as GeoJSON with the names of the NENA GIS data model, or back')
    .argument('<file...>', 'GeoJSON, TopoJSON, CSV with well-known text, KML; - is standard input')
    .option('--map <from=to>', 'name a property anew: Name=DsplayName; may be given again', pair)
    .option(
      '--set <name=value>',
      'give a property to every feature: NGUID=urn:x:{GEOID}, where {GEOID} is another one; may be given again',
      pair,
    )
    .option('--object <name>', 'which object of a TopoJSON file')
    .option('--rewind', 'exterior rings counter-clockwise, holes clockwise (RFC 7946)')
    .addOption(new Option('--round <digits>', 'decimals of a degree; 6 is 11 cm').argParser(digits))
    .option('--swap-axes', 'exchange latitude and longitude')
    .option('--close-rings', 'end every ring where it starts')
    .addOption(
      new Option('--to <form>', 'what is written').choices(['geojson', 'csv', 'kml']).default('geojson'),
    )
    .option('--out <file>', 'instead of standard output')
    .addHelpText('before', convertExamples)
    .action(
      running(async (files: readonly string[], o: GisConvertOptions) =>
        (await import('./gis-convert.js')).gisConvert(files, o),
      ),
    );
}
