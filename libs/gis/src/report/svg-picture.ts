import type { CheckReport } from '../check/check-boundaries.js';
import type { Issue, Lonlat, PolygonCoordinates } from '../check/issue.js';
import { insideOf } from '../check/part-area.js';
import { legendOf, lookOf, spanOf } from './check-page.js';
import { areaText, placeText } from './figures.js';
import { escapeHtml } from './html-page.js';
import { Drawing, type PageLook } from './page-data.js';

/** Issues that get a picture of their own, and that are listed. */
const MAX_DETAILS = 6;
const MAX_LISTED = 12;

const WIDTH = 1_000;
const MARGIN = 20;
const DETAIL = { width: 310, height: 220, gap: 15 };

interface Box {
  readonly west: number;
  readonly south: number;
  readonly east: number;
  readonly north: number;
}

interface Shown {
  readonly issue: Issue;
  readonly number: number;
  readonly look: PageLook;
  readonly polygons: readonly PolygonCoordinates[];
  readonly at: Lonlat;
}

/** A picture of the report without scripts, to go into a mail: the whole, the largest faults from near, and a list. */
export function svgPicture(report: CheckReport): string {
  const placed = report.issues
    .filter((i) => i.accepted === undefined && i.geometry && i.place)
    .filter((i) => i.geometry?.type === 'MultiPolygon' || i.severity === 'Error');
  const drawing = new Drawing(
    report.features,
    placed.map(({ geometry }) => geometry),
  );
  const shown = placed.map((issue, i): Shown => {
    const { geometry, place, code } = issue;
    return {
      issue,
      number: i + 1,
      look: lookOf(code),
      polygons:
        geometry?.type === 'MultiPolygon'
          ? geometry.coordinates.map((rings) => rings.map((ring) => drawing.turned(ring)))
          : [],
      at: [drawing.turn(place?.lon ?? 0), place?.lat ?? 0],
    };
  });
  const whole = boxOf([...drawing.polygons.flat(2), ...shown.flatMap(({ polygons }) => polygons.flat())]);
  const panels: string[] = [];
  let y = 96;
  if (whole) {
    const height = Math.max(240, Math.min(640, ((WIDTH - 2 * MARGIN) * heightOf(whole)) / widthOf(whole)));
    panels.push(
      panel(report, drawing, shown, padded(whole, 0.04), { x: MARGIN, y, width: WIDTH - 2 * MARGIN, height }),
    );
    y += height + 20;
  }
  const details = shown.slice(0, MAX_DETAILS);
  details.forEach((one, i) => {
    const box = boxOf(one.polygons.flat()) ?? {
      west: one.at[0],
      east: one.at[0],
      south: one.at[1],
      north: one.at[1],
    };
    const x = MARGIN + (i % 3) * (DETAIL.width + DETAIL.gap);
    const top = y + Math.floor(i / 3) * (DETAIL.height + 34);
    panels.push(panel(report, drawing, shown, padded(box, 0.6), { x, y: top, ...DETAIL }));
    panels.push(text(x, top + DETAIL.height + 16, `${one.number}  ${captionOf(one.issue)}`, 12, 50));
  });
  y += Math.ceil(details.length / 3) * (DETAIL.height + 34) + 14;
  const lines = shown.slice(0, MAX_LISTED).map(({ number, issue }) => {
    const where = issue.place ? `  at ${placeText(issue.place)}` : '';
    return `${number}  ${issue.code.replaceAll('-', ' ')}: ${issue.areaM2 === undefined ? '' : `${areaText(issue.areaM2)}, `}${issue.message}${where}`;
  });
  if (shown.length > lines.length) lines.push(`and ${shown.length - lines.length} more`);
  const list = lines.map((line, i) => text(MARGIN, y + 14 + i * 19, line, 13, 150));
  y += lines.length * 19 + 10;
  const credit = text(MARGIN, y + 14, report.attributions.join(' · '), 11, 170);
  y += 30;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" width="${WIDTH}" height="${y}" role="img" aria-label="Gaps and overlaps of service boundaries" font-family="Arial, Helvetica, sans-serif">
<defs><pattern id="hatch" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="8" height="8" fill="#f08c1a" fill-opacity=".35"/><rect width="4" height="8" fill="#f08c1a"/></pattern></defs>
<style>.land{stroke:#5d6b7a;stroke-width:.8}.gap{fill:#d6202e;fill-opacity:.75;stroke:#b3121f}.overlap{fill:url(#hatch);stroke:#b45300}.sliver{fill:none;stroke:#7a5a00;stroke-dasharray:5 4}.change{fill:none;stroke:#6a3fc0;stroke-dasharray:2 3}.fault{fill:none;stroke:#a0137f;stroke-dasharray:2 4}.gap,.overlap,.sliver,.change,.fault{stroke-width:1.5}</style>
<rect width="${WIDTH}" height="${y}" fill="#fff"/>
${text(MARGIN, 36, 'Service boundaries: what was found', 22, 80, true)}
${text(MARGIN, 58, `${report.files.join(', ')} · ${report.services.join(', ')} · ${new Date(report.checkedAt).toISOString().slice(0, 10)}`, 13, 140)}
${legend(report)}
${panels.join('\n')}
${list.join('\n')}
${credit}
</svg>
`;
}

function legend(report: CheckReport): string {
  return legendOf(report.issues)
    .map(({ look, text: words }, i) => {
      const x = MARGIN + i * 190;
      return `<rect x="${x}" y="70" width="22" height="14" class="${look}"/>${text(x + 28, 82, words, 13, 40)}`;
    })
    .join('');
}

interface Frame {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

function panel(
  report: CheckReport,
  drawing: Drawing,
  shown: readonly Shown[],
  box: Box,
  frame: Frame,
): string {
  const shrink = Math.cos((((box.south + box.north) / 2) * Math.PI) / 180);
  const scale = Math.min(
    frame.width / ((box.east - box.west) * shrink),
    frame.height / (box.north - box.south),
  );
  const [lon0, lat0] = [(box.west + box.east) / 2, (box.south + box.north) / 2];
  const point = ([lon, lat]: Lonlat): [number, number] => [
    frame.x + frame.width / 2 + (lon - lon0) * shrink * scale,
    frame.y + frame.height / 2 - (lat - lat0) * scale,
  ];
  const half = { x: frame.width / 2 / (shrink * scale), y: frame.height / 2 / scale };
  const view: Box = { west: lon0 - half.x, east: lon0 + half.x, south: lat0 - half.y, north: lat0 + half.y };
  const path = (polygons: readonly PolygonCoordinates[]): string =>
    polygons
      .flat()
      .map(
        (ring) =>
          `M${ring
            .map((p) =>
              point(p)
                .map((v) => v.toFixed(1))
                .join(' '),
            )
            .join('L')}Z`,
      )
      .join('');
  const taken: [number, number, number][] = [];
  const land: string[] = [];
  const names: string[] = [];
  drawing.polygons.forEach((polygons, i) => {
    const seen = polygons.filter(([ring]) => meets(boxOf(ring ? [ring] : []), view));
    if (seen.length === 0) return;
    land.push(`<path d="${path(seen)}" class="land" fill="hsl(${Math.round((i * 137.5) % 360)},42%,90%)"/>`);
    const largest = [...seen].sort((a, b) => (b[0]?.length ?? 0) - (a[0]?.length ?? 0))[0];
    const name = report.features[i]?.ref.name ?? '';
    const [x, y] = point(insideOf(largest ?? []));
    const width = name.length * 6.2;
    const outside =
      x - width / 2 < frame.x ||
      x + width / 2 > frame.x + frame.width ||
      y < frame.y + 12 ||
      y > frame.y + frame.height - 6;
    if (
      spanOf(largest?.[0] ?? []) * shrink * scale < width * 0.7 ||
      outside ||
      taken.length > 40 ||
      taken.some(([tx, ty, w]) => Math.abs(ty - y) < 14 && Math.abs(tx - x) < (w + width) / 2)
    )
      return;
    taken.push([x, y, width]);
    names.push(text(x, y, name, 11, 40, false, 'middle'));
  });
  const near = shown.filter(({ polygons, at }) =>
    meets(boxOf(polygons.length > 0 ? polygons.flat() : [[at]]), view),
  );
  const faults = near.map(
    ({ polygons, look }) => `<path d="${path(polygons)}" class="${look}" fill-rule="evenodd"/>`,
  );
  const numbers = near.slice(0, 200).map(({ at, number }) => {
    const [x, y] = point(at);
    return `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="8" fill="#fff" stroke="#1a2230"/>${text(x, y + 4, String(number), 10, 4, true, 'middle')}`;
  });
  const clip = `clip-${Math.round(frame.x)}-${Math.round(frame.y)}`;
  const rect = `x="${frame.x}" y="${frame.y}" width="${frame.width}" height="${frame.height.toFixed(1)}"`;
  return `<clipPath id="${clip}"><rect ${rect}/></clipPath><rect ${rect} fill="#e3edf5"/><g clip-path="url(#${clip})" fill-rule="evenodd">${land.join('')}${faults.join('')}${names.join('')}${numbers.join('')}</g><rect ${rect} fill="none" stroke="#93a1b1"/>`;
}

function captionOf(issue: Issue): string {
  return `${issue.areaM2 === undefined ? '' : `${areaText(issue.areaM2)}, `}${issue.message}`;
}

function text(
  x: number,
  y: number,
  words: string,
  size: number,
  most: number,
  bold = false,
  anchor = 'start',
): string {
  // XML has no way to write the other control characters.
  const clean = words.replace(
    /[\u0000-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g,
    ' ',
  );
  const cut = clean.length > most ? `${clean.slice(0, most - 1)}…` : clean;
  const weight = bold ? ' font-weight="bold"' : '';
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" font-size="${size}" text-anchor="${anchor}" fill="#1a2230"${weight}>${escapeHtml(cut)}</text>`;
}

function boxOf(rings: readonly (readonly Lonlat[])[]): Box | undefined {
  let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const ring of rings) {
    for (const [lon, lat] of ring) {
      west = Math.min(west, lon);
      east = Math.max(east, lon);
      south = Math.min(south, lat);
      north = Math.max(north, lat);
    }
  }
  return west <= east ? { west, south, east, north } : undefined;
}

function meets(a: Box | undefined, b: Box): boolean {
  return a !== undefined && a.west <= b.east && a.east >= b.west && a.south <= b.north && a.north >= b.south;
}

/** With room around it, and never without any extent. */
function padded(box: Box, share: number): Box {
  const least = 0.002;
  const dx = Math.max(least, (box.east - box.west) * share);
  const dy = Math.max(least, (box.north - box.south) * share);
  return { west: box.west - dx, east: box.east + dx, south: box.south - dy, north: box.north + dy };
}

function widthOf(box: Box): number {
  return Math.max(1e-3, (box.east - box.west) * Math.cos((((box.south + box.north) / 2) * Math.PI) / 180));
}

function heightOf(box: Box): number {
  return Math.max(1e-3, box.north - box.south);
}
