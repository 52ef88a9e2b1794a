import {
  convertFeatures,
  type Converted,
  nenaFields,
  type RawInput,
  readRaw,
  writeCsv,
  writeGeojson,
  writeKml,
} from '@esinet/gis';
import { feature } from 'topojson-client';
import { dim, exit, red, tell, yellow } from '../terminal.js';
import { readText, writeText } from './gis-files.js';

export interface GisConvertOptions {
  readonly map?: ReadonlyMap<string, string>;
  readonly set?: ReadonlyMap<string, string>;
  readonly object?: string;
  readonly rewind?: boolean;
  readonly round?: number;
  readonly swapAxes?: boolean;
  readonly closeRings?: boolean;
  readonly to: 'geojson' | 'csv' | 'kml';
  readonly out?: string;
}

/** `esinet gis convert FILE…`: what people have as our GeoJSON, or back. */
export function gisConvert(files: readonly string[], o: GisConvertOptions): number {
  const inputs: RawInput[] = [];
  for (const file of files) {
    const text = readText(file);
    const read = text.ok
      ? readRaw(file, text.value, {
          decodeTopology: feature,
          ...(o.object !== undefined && { object: o.object }),
        })
      : text;
    if (!read.ok) {
      tell(red(read.error));
      return exit.unreachable;
    }
    inputs.push(read.value);
  }
  const converted = convertFeatures(
    inputs.flatMap(({ features }) => features),
    o,
  );
  const about = Object.assign({}, ...inputs.map((input) => input.about)) as Record<string, unknown>;
  const text =
    o.to === 'csv'
      ? writeCsv(converted.features)
      : o.to === 'kml'
        ? writeKml(converted.features)
        : writeGeojson(converted.features, about);
  if (o.out === undefined) process.stdout.write(text);
  else if (!writeText(o.out, text)) return exit.unreachable;
  tellWhatIsMissing(converted, o.to);
  return exit.ok;
}

function tellWhatIsMissing({ features, renamed, missing, unknown }: Converted, to: string): void {
  const n = features.length;
  tell(dim(`${n} ${n === 1 ? 'feature' : 'features'}`));
  for (const [from, name] of renamed) tell(dim(`${from} is read as ${name}`));
  for (const name of unknown) tell(yellow(`{${name}}: not every feature has this property`));
  if (to !== 'geojson') return;
  for (const field of nenaFields) {
    const without = missing.get(field) ?? 0;
    if (without > 0)
      tell(yellow(`${field} is missing in ${without} of ${n}: --set ${field}=… or --map COLUMN=${field}`));
  }
}
