import type { FeatureRef, Lonlat } from '../check/issue.js';
import { drawnAreas } from '../report/check-page.js';
import { areaText, placeText } from '../report/figures.js';
import { htmlPage, type LeafletFiles } from '../report/html-page.js';
import { Drawing, encodeRing, type PageGroup, type PageItem } from '../report/page-data.js';
import { plain, type TextStyle } from '../report/text-report.js';
import {
  type AreaChange,
  type AttributeChange,
  type BoundaryDiff,
  isSame,
  type Served,
} from './diff-boundaries.js';

function nameOf({ names }: Served): string {
  return names.length === 0 ? 'nobody' : names.join(' and ');
}

function fullName(served: Served): string {
  return served.uris.length === 0 ? 'nobody' : `${nameOf(served)} (${served.uris.join(', ')})`;
}

/** The command that asks a running ECRF about a test point. */
function whereCommand({ service }: AreaChange, [lon, lat]: Lonlat): string {
  const short = service.startsWith('urn:service:') ? service.slice('urn:service:'.length) : service;
  const option = short === 'sos' || short === '' ? '' : ` --service ${short}`;
  return `esinet where ${placeText({ lon, lat })}${option}`;
}

function pointText(change: AreaChange, [lon, lat]: Lonlat): string {
  return `at ${placeText({ lon, lat })}: was ${nameOf(change.from)}, becomes ${nameOf(change.to)}`;
}

/** For people. */
export function diffText(diff: BoundaryDiff, style: TextStyle): string {
  const lines = [
    isSame(diff) ? `${style.good('No change')} in ${diff.newFeatures.length} features.` : summaryOf(diff),
  ];
  for (const change of diff.areas.slice(0, style.perKind)) {
    lines.push(
      '',
      `${style.bold(areaText(change.areaM2))}  ${plain(fullName(change.from))} → ${plain(fullName(change.to))}`,
    );
    for (const point of change.testPoints)
      lines.push(
        `  ${plain(pointText(change, point))}`,
        style.dim(`    ${plain(whereCommand(change, point))}`),
      );
  }
  if (diff.areas.length > style.perKind)
    lines.push('', `and ${diff.areas.length - style.perKind} more (--json lists all)`);
  lines.push(...listed('added', diff.added, style), ...listed('removed', diff.removed, style));
  for (const { feature, attributes } of diff.changed.slice(0, style.perKind)) {
    lines.push('', `${style.bold('changed')}  ${plain(feature.name)} ${style.dim(plain(feature.id))}`);
    for (const { name, from, to } of attributes)
      lines.push(`  ${plain(name)}: ${plain(shown(from))} → ${plain(shown(to))}`);
  }
  if (diff.changed.length > style.perKind)
    lines.push(`and ${diff.changed.length - style.perKind} more (--json lists all)`);
  if (diff.slivers > 0)
    lines.push('', style.dim(`${diff.slivers} slivers below the tolerance are left out.`));
  for (const remark of diff.remarks) lines.push(style.notice(`Note: ${plain(remark)}`));
  return lines.join('\n');
}

function listed(word: string, refs: readonly FeatureRef[], style: TextStyle): string[] {
  if (refs.length === 0) return [];
  const more = refs.length > style.perKind ? [`  and ${refs.length - style.perKind} more`] : [];
  const rows = refs.slice(0, style.perKind).map(({ id, name }) => `  ${plain(name)} ${style.dim(plain(id))}`);
  return ['', style.bold(`${refs.length} ${word}`), ...rows, ...more];
}

function shown(value: unknown): string {
  return value === null ? 'nothing' : JSON.stringify(value).slice(0, 200);
}

function summaryOf(diff: BoundaryDiff): string {
  const total = diff.areas.reduce((sum, { areaM2 }) => sum + areaM2, 0);
  const parts = [
    diff.areas.length > 0 ? `${areaText(total)} change hands` : 'No area changes hands',
    ...[
      [diff.added.length, 'added'] as const,
      [diff.removed.length, 'removed'] as const,
      [diff.changed.length, 'with other attributes'] as const,
    ].flatMap(([n, word]) => (n > 0 ? [`${n} ${n === 1 ? 'feature' : 'features'} ${word}`] : [])),
  ];
  return `${parts.join('; ')}.`;
}

/** For programs. */
export function diffJson(diff: BoundaryDiff): unknown {
  const { areas, added, removed, changed, slivers, remarks, at } = diff;
  return {
    same: isSame(diff),
    at: new Date(at).toISOString(),
    areas: areas.map(({ testPoints, ...change }) => ({
      ...change,
      testPoints: testPoints.map(([lon, lat]) => ({
        lat,
        lon,
        command: whereCommand({ ...change, testPoints }, [lon, lat]),
      })),
    })),
    added,
    removed,
    changed,
    slivers,
    remarks,
  };
}

/** A layer for QGIS: what changes hands. */
export function diffGeojson(diff: BoundaryDiff): unknown {
  return {
    type: 'FeatureCollection',
    features: diff.areas.map(({ id, service, from, to, areaM2, polygons }) => ({
      type: 'Feature',
      id,
      geometry: { type: 'MultiPolygon', coordinates: polygons },
      properties: {
        id,
        service,
        from: nameOf(from),
        from_uri: from.uris.join(' '),
        to: nameOf(to),
        to_uri: to.uris.join(' '),
        area_m2: Math.round(areaM2 * 100) / 100,
      },
    })),
  };
}

/** The new set on a map, and over it what changes hands. */
export function diffPage(diff: BoundaryDiff, files: readonly string[], leaflet: LeafletFiles): string {
  const drawing = new Drawing(
    diff.newFeatures.length > 0 ? diff.newFeatures : diff.oldFeatures,
    diff.areas.map(({ polygons }) => ({ type: 'MultiPolygon', coordinates: polygons })),
  );
  const features = diff.newFeatures.length > 0 ? diff.newFeatures : diff.oldFeatures;
  const numbers = new Map(features.map((f, i) => [f.ref.id, i]));
  const groups: PageGroup[] = [
    group(
      'Areas that change hands',
      'Calls from here go to another centre than before.',
      'Try the test points against the ECRF once the new set is loaded.',
      diff.areas.map((change) => areaItem(change, drawing)),
    ),
    group(
      'Features added',
      'In the new set only.',
      'Nothing, if it is meant.',
      diff.added.map((ref) => featureItem('added', ref, [ref.id], numbers)),
    ),
    group(
      'Features removed',
      'In the old set only.',
      'Nothing, if it is meant.',
      diff.removed.map((ref) => featureItem('removed', ref, [ref.id], numbers)),
    ),
    group(
      'Features with other attributes',
      'The same feature says something else.',
      'Nothing, if it is meant.',
      diff.changed.map((c) => changedItem(c, numbers)),
    ),
  ].filter(({ count }) => count > 0);
  return htmlPage(
    {
      title: 'Service boundaries: what changes',
      summary: isSame(diff) ? 'No change.' : summaryOf(diff),
      notes: [
        `${files.join(' → ')} · as of ${new Date(diff.at).toISOString().slice(0, 16).replace('T', ' ')} UTC`,
        ...diff.remarks,
        [...diff.attributions, 'Map: Leaflet, BSD-2-Clause'].join(' · '),
      ],
      areas: drawnAreas({ features }, drawing),
      groups,
      legend: [{ look: 'change', text: 'Changes hands' }],
      severities: groups.length > 0 ? ['Change'] : [],
    },
    leaflet,
  );
}

function group(title: string, meaning: string, fix: string, items: readonly PageItem[]): PageGroup {
  return { severity: 'Change', title, meaning, fix, items: items.slice(0, 1_000), count: items.length };
}

function areaItem(change: AreaChange, drawing: Drawing): PageItem {
  const [first] = change.testPoints;
  return {
    id: change.id,
    text: `${areaText(change.areaM2)}: ${nameOf(change.from)} → ${nameOf(change.to)}`,
    notes: [
      `${change.from.uris.join(', ') || 'nobody'} → ${change.to.uris.join(', ') || 'nobody'}`,
      change.service,
    ],
    look: 'change',
    ...(first && { place: [drawing.turn(first[0]), first[1]] as const }),
    polygons: change.polygons.map((rings) => rings.map((ring) => encodeRing(drawing.turned(ring)))),
    points: change.testPoints.slice(1).map(([lon, lat]) => [drawing.turn(lon), lat] as const),
    areas: [],
    quiet: false,
    commands: change.testPoints.map(
      (point) => `${whereCommand(change, point)}   # ${pointText(change, point)}`,
    ),
  };
}

function featureItem(
  word: string,
  ref: FeatureRef,
  notes: readonly string[],
  numbers: ReadonlyMap<string, number>,
): PageItem {
  const number = numbers.get(ref.id);
  return {
    id: `${word}-${ref.id}`,
    text: ref.name,
    notes,
    look: 'fault',
    polygons: [],
    points: [],
    areas: number === undefined ? [] : [number],
    quiet: true,
    commands: [],
  };
}

function changedItem(
  { feature, attributes }: AttributeChange,
  numbers: ReadonlyMap<string, number>,
): PageItem {
  const notes = attributes.map(({ name, from, to }) => `${name}: ${shown(from)} → ${shown(to)}`);
  return featureItem('changed', feature, [feature.id, ...notes], numbers);
}
