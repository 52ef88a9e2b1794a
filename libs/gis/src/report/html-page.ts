import type { PageData } from './page-data.js';
import { decodeRings, drawList, drawMap, startPage } from './page-script.js';
import { pageStyle } from './page-style.js';

/** The files of the package leaflet that go into the page. */
export interface LeafletFiles {
  readonly script: string;
  readonly style: string;
}

export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

/** JSON that cannot end the script element it stands in. */
function embedded(data: unknown): string {
  return JSON.stringify(data)
    .replaceAll('<', '\\u003c')
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029');
}

/** A page that holds all it needs: it opens from disk, and asks no host for anything. */
export function htmlPage(data: PageData, leaflet: LeafletFiles): string {
  // Its pictures are for markers and layer menus, which the page has not; an address would be asked for.
  const style = leaflet.style.replace(/url\([^)]*\)/g, 'none');
  const functions = [decodeRings, drawMap, drawList, startPage].map(String).join('\n');
  const checked = data.severities
    .map((s) => `<label><input type="checkbox" value="${escapeHtml(s)}" checked> ${escapeHtml(s)}</label>`)
    .join('');
  const legend = data.legend
    .map(({ look, text }) => `<li><i class="swatch ${look}"></i>${escapeHtml(text)}</li>`)
    .join('');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:">
<link rel="icon" href="data:,">
<title>${escapeHtml(data.title)}</title>
<style>${style}${pageStyle}</style>
</head>
<body>
<a class="skip" href="#list">To the list</a>
<header>
<h1>${escapeHtml(data.title)}</h1>
<p class="summary">${escapeHtml(data.summary)}</p>
${data.notes.map((note) => `<p>${escapeHtml(note)}</p>`).join('\n')}
</header>
<main>
<div id="map" role="application" aria-label="Map: arrow keys move it, plus and minus zoom"></div>
<ul class="legend" aria-label="Legend">${legend}</ul>
<p id="status" aria-live="polite">Choose an entry of the list to go there, or click on the map.</p>
</main>
<aside aria-label="List">
<div class="tools"><fieldset id="filter" aria-label="Show">${checked}</fieldset><button id="all" type="button">Whole map</button></div>
<div id="list" tabindex="-1"></div>
</aside>
<svg width="0" height="0" style="position:absolute" aria-hidden="true"><defs>
<pattern id="hatch" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="8" height="8" fill="var(--overlap-fill)" fill-opacity=".35"/><rect width="4" height="8" fill="var(--overlap-fill)"/></pattern>
<pattern id="hatch-change" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(-45)"><rect width="8" height="8" fill="var(--change)" fill-opacity=".25"/><rect width="3" height="8" fill="var(--change)"/></pattern>
</defs></svg>
<script type="application/json" id="data">${embedded(data)}</script>
<script>${leaflet.script.replace(/\/\/# sourceMappingURL=.*/, '')}</script>
<script>
${functions}
startPage(L, JSON.parse(document.getElementById('data').textContent), decodeRings, drawMap, drawList);
</script>
</body>
</html>
`;
}
