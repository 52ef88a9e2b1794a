import type { CheckReport } from '../check/check-boundaries.js';
import type { Issue, Lonlat } from '../check/issue.js';
import { type IssueCode, issueCatalogue } from '../check/issue-catalogue.js';
import { insideOf } from '../check/part-area.js';
import { areaText, placeText } from './figures.js';
import { capital } from './text-report.js';
import { htmlPage, type LeafletFiles } from './html-page.js';
import {
  Drawing,
  encodeRing,
  type PageArea,
  type PageData,
  type PageGroup,
  type PageItem,
  type PageLook,
} from './page-data.js';

/** Issues of one kind that the page lists. */
export const MAX_PAGE_ITEMS = 1_000;

export function lookOf(code: IssueCode): PageLook {
  if (code === 'gap') return 'gap';
  if (code === 'overlap' || code === 'duplicate-geometry' || code === 'overlapping-validity')
    return 'overlap';
  if (code === 'sliver-gap' || code === 'sliver-overlap') return 'sliver';
  return code === 'coverage-ends' ? 'change' : 'fault';
}

/** The report as a page with a map. */
export function checkPage(report: CheckReport, leaflet: LeafletFiles): string {
  const listed = groupsOf(report.issues);
  const drawing = new Drawing(
    report.features,
    listed.flatMap(({ issues }) => issues.slice(0, MAX_PAGE_ITEMS).map(({ geometry }) => geometry)),
  );
  const numbers = new Map(report.features.map((f, i) => [f.ref, i]));
  const { errors, notices, accepted } = report;
  const summary =
    errors + notices === 0
      ? `Nothing to repair in ${report.features.length.toLocaleString('en')} features.`
      : `${errors.toLocaleString('en')} errors and ${notices.toLocaleString('en')} notices in ${report.features.length.toLocaleString('en')} features${accepted > 0 ? `, ${accepted} accepted` : ''}.`;
  const data: PageData = {
    title: 'Service boundaries: what was found',
    summary,
    notes: [
      `${report.files.join(', ')} · ${report.services.join(', ') || 'no service named'} · checked ${new Date(report.checkedAt).toISOString().slice(0, 16).replace('T', ' ')} UTC`,
      [...report.attributions, 'Map: Leaflet, BSD-2-Clause'].join(' · '),
    ],
    areas: drawnAreas(report, drawing),
    groups: listed.map(({ severity, issues }) => pageGroup(severity, issues, numbers, drawing)),
    legend: legendOf(report.issues),
    severities: [...new Set(listed.map(({ severity }) => severity))],
  };
  return htmlPage(data, leaflet);
}

export function drawnAreas({ features }: Pick<CheckReport, 'features'>, drawing: Drawing): PageArea[] {
  return features.map((feature, i) => {
    const polygons = drawing.polygons[i] ?? [];
    const largest = [...polygons].sort((a, b) => (b[0]?.length ?? 0) - (a[0]?.length ?? 0))[0];
    return {
      name: feature.ref.name,
      note: `${feature.serviceUri} ${feature.ref.id}`.trim(),
      polygons: polygons.map((rings) => rings.map(encodeRing)),
      ...(largest && { label: insideOf(largest), span: spanOf(largest[0] ?? []) }),
    };
  });
}

/** East to west, degrees. */
export function spanOf(ring: readonly Lonlat[]): number {
  let [west, east] = [Infinity, -Infinity];
  for (const [lon] of ring) {
    west = Math.min(west, lon);
    east = Math.max(east, lon);
  }
  return east - west;
}

interface Listed {
  readonly severity: string;
  readonly issues: Issue[];
}

function groupsOf(issues: readonly Issue[]): Listed[] {
  const groups = new Map<string, Listed>();
  for (const issue of issues) {
    const severity = issue.accepted === undefined ? issue.severity : 'Accepted';
    const key = `${severity} ${issue.code}`;
    const group = groups.get(key);
    if (group) group.issues.push(issue);
    else groups.set(key, { severity, issues: [issue] });
  }
  const weight = (g: Listed): number => ['Error', 'Notice', 'Accepted'].indexOf(g.severity);
  return [...groups.values()].sort((a, b) => weight(a) - weight(b));
}

function pageGroup(
  severity: string,
  issues: readonly Issue[],
  numbers: ReadonlyMap<Issue['features'][number], number>,
  drawing: Drawing,
): PageGroup {
  const { title, meaning, fix } = issueCatalogue[issues[0]!.code];
  const items = issues.slice(0, MAX_PAGE_ITEMS).map((issue): PageItem => {
    const { geometry, place } = issue;
    const turned = ([lon, lat]: Lonlat): Lonlat => [drawing.turn(lon), lat];
    const alone = issue.features.length === 1 ? issue.features[0]?.name : undefined;
    const area = issue.areaM2 === undefined ? '' : `${areaText(issue.areaM2)}, `;
    return {
      id: issue.id,
      text: `${area}${alone && !issue.message.includes(alone) ? `${alone}: ` : ''}${issue.message}`,
      notes: [
        ...(issue.accepted === undefined ? [] : [`Accepted: ${issue.accepted}`]),
        [
          issue.place ? placeText(issue.place) : '',
          issue.features
            .slice(0, 6)
            .map(({ id }) => id)
            .join(', '),
        ]
          .filter((text) => text !== '')
          .join(' · '),
        issue.id,
      ],
      look: lookOf(issue.code),
      ...(place && { place: turned([place.lon, place.lat]) }),
      polygons:
        geometry?.type === 'MultiPolygon'
          ? geometry.coordinates.map((rings) => rings.map((ring) => encodeRing(drawing.turned(ring))))
          : [],
      points: geometry?.type === 'MultiPoint' ? geometry.coordinates.map(turned) : [],
      areas: issue.features.flatMap((ref) => numbers.get(ref) ?? []),
      // Thousands of rings that run the wrong way would hide the gaps.
      quiet: issue.severity === 'Notice' && geometry?.type !== 'MultiPolygon',
      commands: [],
    };
  });
  return { severity, title: capital(title), meaning, fix, items, count: issues.length };
}

export function legendOf(issues: readonly Issue[]): PageData['legend'] {
  const looks = new Set(
    issues
      .filter((i) => i.geometry && !(i.severity === 'Notice' && i.geometry.type !== 'MultiPolygon'))
      .map(({ code }) => lookOf(code)),
  );
  const all: PageData['legend'] = [
    { look: 'gap', text: 'Gap: nobody answers' },
    { look: 'overlap', text: 'Overlap: two answer' },
    { look: 'sliver', text: 'Sliver' },
    { look: 'change', text: 'Ends later' },
    { look: 'fault', text: 'Other fault' },
  ];
  // The first two always: that none of them is there is what people look for.
  return all.filter(({ look }) => look === 'gap' || look === 'overlap' || looks.has(look));
}
