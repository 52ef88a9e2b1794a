import type { PageArea, PageData, PageGroup, PageItem, PageLook } from './page-data.js';

/*
 * These functions run in the page, not here: their text is put into it. So each stands on its own, and what they need
 * of each other is handed to them.
 */

/** As much of Leaflet as the page uses. */
interface Layer {
  addTo(target: unknown): Layer;
  remove(): Layer;
  bindTooltip(content: () => HTMLElement, options: unknown): Layer;
  on(type: string, listener: (event: { latlng: { lat: number; lng: number } }) => void): Layer;
  setStyle(style: unknown): Layer;
  getBounds(): Bounds;
  getElement(): Element | undefined;
  bringToFront(): Layer;
}
interface Bounds {
  extend(other: unknown): Bounds;
  isValid(): boolean;
  contains(at: unknown): boolean;
  pad(share: number): Bounds;
}
interface LeafletMap {
  createPane(name: string): HTMLElement;
  fitBounds(bounds: Bounds, options?: unknown): LeafletMap;
  on(type: string, listener: (event: { latlng: { lat: number; lng: number } }) => void): LeafletMap;
  getZoom(): number;
  getBounds(): Bounds;
  latLngToLayerPoint(at: readonly number[]): { x: number; y: number };
  invalidateSize(): LeafletMap;
}
export interface Leaflet {
  map(element: Element, options: unknown): LeafletMap;
  polygon(positions: unknown, options: unknown): Layer;
  circleMarker(at: readonly number[], options: unknown): Layer;
  marker(at: readonly number[], options: unknown): Layer;
  divIcon(options: unknown): unknown;
  layerGroup(): Layer & { clearLayers(): void };
  latLngBounds(corners: unknown): Bounds;
  canvas(options: unknown): unknown;
  svg(options: unknown): unknown;
  control: { scale(options: unknown): Layer };
}

export interface PageMap {
  /** Goes there and marks it. */
  show(item: PageItem): void;
  showAll(): void;
  setVisible(item: PageItem, visible: boolean): void;
  tell(text: string): void;
}

/** Rings as Leaflet wants them, latitude first. */
export function decodeRings(polygons: PageArea['polygons']): [number, number][][][] {
  return polygons.map((rings) =>
    rings.map((ring) => {
      const out: [number, number][] = [];
      let x = 0;
      let y = 0;
      for (let i = 0; i + 1 < ring.length; i += 2) {
        x += ring[i] ?? 0;
        y += ring[i + 1] ?? 0;
        out.push([y / 1e6, x / 1e6]);
      }
      return out;
    }),
  );
}

export function drawMap(
  L: Leaflet,
  data: PageData,
  decode: (polygons: PageArea['polygons']) => [number, number][][][],
  choose: (item: PageItem) => void,
): PageMap {
  const element = document.querySelector('#map') as HTMLElement;
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const map = L.map(element, { attributionControl: false, zoomSnap: 0.25, minZoom: 1, maxZoom: 22 });
  L.control.scale({ maxWidth: 140 }).addTo(map);
  for (const [name, z] of [
    ['issues', 450],
    ['marks', 460],
    ['names', 470],
  ] as const)
    map.createPane(name).style.zIndex = String(z);
  (document.querySelector('.leaflet-names-pane') as HTMLElement).style.pointerEvents = 'none';
  const positions = data.areas.reduce((sum, a) => sum + a.polygons.flat(2).length / 2, 0);
  // Many outlines are drawn as one picture, few as lines that stay sharp; issues always as lines, for their hatch.
  const below =
    data.areas.length > 1_500 || positions > 60_000 ? L.canvas({ padding: 0.3 }) : L.svg({ padding: 0.3 });
  const above = L.svg({ pane: 'issues', padding: 0.3 });
  const marks = L.svg({ pane: 'marks', padding: 0.3 });
  const hue = (i: number): number => Math.round((i * 137.5) % 360);
  const areaStyle = (i: number): object =>
    dark.matches
      ? { fillColor: `hsl(${hue(i)}, 22%, 30%)`, color: '#93a1b1' }
      : { fillColor: `hsl(${hue(i)}, 42%, 86%)`, color: '#5d6b7a' };
  const status = document.querySelector('#status') as HTMLElement;
  const place = (at: { lat: number; lng: number }): string => {
    const lon = ((((at.lng + 180) % 360) + 360) % 360) - 180;
    return `${at.lat.toFixed(5)},${lon.toFixed(5)}`;
  };
  const areas = data.areas.map((area, i) => {
    const layer = L.polygon(decode(area.polygons), {
      renderer: below,
      weight: 1,
      fillOpacity: 1,
      fillRule: 'evenodd',
      className: 'area',
      ...areaStyle(i),
    });
    layer.bindTooltip(
      () => {
        const box = document.createElement('div');
        box.append(document.createElement('b'), document.createElement('br'), area.note);
        (box.firstChild as HTMLElement).textContent = area.name;
        return box;
      },
      { sticky: true },
    );
    layer.on('click', (event) => (status.textContent = `${place(event.latlng)}  ${area.name}  ${area.note}`));
    return layer.addTo(map);
  });
  map.on('click', (event) => {
    const at = place(event.latlng);
    if (!status.textContent.startsWith(at)) status.textContent = at;
  });

  const drawn = new Map<string, { layers: Layer[]; shown: boolean }>();
  const pick = (item: PageItem) => (): void => choose(item);
  for (const item of data.groups.flatMap(({ items }) => items)) {
    const layers: Layer[] = [];
    if (item.polygons.length > 0) {
      layers.push(
        L.polygon(decode(item.polygons), {
          renderer: above,
          className: `issue ${item.look}`,
          weight: 2,
          fillOpacity: 1,
          fillRule: 'evenodd',
        }),
      );
    }
    const at = item.place ?? item.points[0];
    for (const [lon, lat] of at ? [at, ...item.points] : []) {
      layers.push(
        L.circleMarker([lat, lon], { renderer: marks, radius: 7, weight: 2, className: `mark ${item.look}` }),
      );
    }
    for (const layer of layers) {
      layer.on('click', pick(item));
      if (!item.quiet) layer.addTo(map);
    }
    drawn.set(item.id, { layers, shown: !item.quiet });
  }

  const boundsOf = (item: PageItem): Bounds => {
    const bounds = L.latLngBounds([]);
    const area = item.polygons.length > 0 ? drawn.get(item.id)?.layers[0] : undefined;
    if (area) bounds.extend(area.getBounds());
    else
      for (const [lon, lat] of item.place ? [item.place, ...item.points] : item.points)
        bounds.extend([lat, lon]);
    if (!bounds.isValid()) for (const i of item.areas) if (areas[i]) bounds.extend(areas[i].getBounds());
    return bounds;
  };
  const everything = L.latLngBounds([]);
  for (const layer of areas) if (layer.getBounds().isValid()) everything.extend(layer.getBounds());
  for (const item of data.groups.flatMap(({ items }) => items)) {
    const bounds = boundsOf(item);
    if (bounds.isValid()) everything.extend(bounds);
  }

  const names = L.layerGroup().addTo(map) as Layer & { clearLayers(): void };
  const writeNames = (): void => {
    names.clearLayers();
    const seen = map.getBounds();
    const taken: { x: number; y: number; w: number }[] = [];
    data.areas.forEach((area) => {
      if (!area.label || taken.length > 60) return;
      const at = [area.label[1], area.label[0]];
      if (!seen.contains(at)) return;
      const { x, y } = map.latLngToLayerPoint(at);
      const w = area.name.length * 6.5 + 8;
      const room = map.latLngToLayerPoint([at[0] ?? 0, (at[1] ?? 0) + (area.span ?? 0)]).x - x;
      if (room < w * 0.7) return;
      if (taken.some((t) => Math.abs(t.y - y) < 16 && Math.abs(t.x - x) < (t.w + w) / 2)) return;
      taken.push({ x, y, w });
      const label = document.createElement('span');
      label.textContent = area.name;
      L.marker(at, {
        pane: 'names',
        interactive: false,
        keyboard: false,
        icon: L.divIcon({ className: 'name', html: label, iconSize: [0, 0] }),
      }).addTo(names);
    });
    element.dataset['zoom'] = String(map.getZoom());
  };
  map.on('moveend', writeNames);
  const fit = (bounds: Bounds): void => {
    if (bounds.isValid()) map.fitBounds(bounds, { padding: [24, 24], maxZoom: 19, animate: false });
  };
  if (everything.isValid()) fit(everything);
  else
    map.fitBounds(
      L.latLngBounds([
        [-60, -170],
        [75, 170],
      ]),
    );
  dark.addEventListener('change', () => areas.forEach((layer, i) => layer.setStyle(areaStyle(i))));

  let chosen: PageItem | undefined;
  const emphasise = (item: PageItem | undefined, on: boolean): void => {
    for (const layer of (item && drawn.get(item.id)?.layers) ?? []) {
      layer.getElement()?.classList.toggle('chosen', on);
      if (on) layer.bringToFront();
    }
  };
  return {
    show(item) {
      emphasise(chosen, false);
      if (chosen?.quiet) for (const layer of drawn.get(chosen.id)?.layers ?? []) layer.remove();
      chosen = item;
      if (item.quiet) for (const layer of drawn.get(item.id)?.layers ?? []) layer.addTo(map);
      const bounds = boundsOf(item);
      fit(bounds.isValid() ? bounds.pad(0.5) : bounds);
      emphasise(item, true);
      status.textContent = item.text;
    },
    showAll: () => fit(everything),
    setVisible(item, visible) {
      const known = drawn.get(item.id);
      if (!known || item.quiet || known.shown === visible) return;
      known.shown = visible;
      for (const layer of known.layers) {
        if (visible) layer.addTo(map);
        else layer.remove();
      }
    },
    tell: (text) => (status.textContent = text),
  };
}

export function drawList(
  data: PageData,
  choose: (item: PageItem) => void,
): { mark(item: PageItem): void; filter(keep: (group: PageGroup) => boolean): void } {
  const root = document.querySelector('#list') as HTMLElement;
  const rows = new Map<string, { row: HTMLElement; group: HTMLDetailsElement }>();
  const make = (name: string, className: string, text?: string): HTMLElement => {
    const made = document.createElement(name);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  };
  const swatch = (look: PageLook): HTMLElement => make('i', `swatch ${look}`);
  const groups = data.groups.map((group, g) => {
    const box = make('details', 'group') as HTMLDetailsElement;
    box.open = g < 4 && group.items.length <= 30;
    const head = make('summary', '');
    head.append(
      make('span', `badge ${group.severity.toLowerCase()}`, group.severity),
      make('span', 'what', `${group.title}: ${group.count.toLocaleString('en')}`),
    );
    const items = make('ol', '');
    const add = (from: number): void => {
      for (const item of group.items.slice(from, from + 100)) {
        const li = make('li', '');
        const button = make('button', 'item') as HTMLButtonElement;
        button.type = 'button';
        button.dataset['id'] = item.id;
        button.setAttribute('aria-pressed', 'false');
        const words = make('span', 'words');
        words.append(make('span', 'text', item.text), ...item.notes.map((note) => make('small', '', note)));
        button.append(swatch(item.look), words);
        button.addEventListener('click', () => choose(item));
        li.append(button);
        for (const command of item.commands) li.append(make('code', 'command', command));
        items.append(li);
        rows.set(item.id, { row: button, group: box });
      }
      const rest = group.items.length - from - 100;
      if (rest <= 0) return;
      const li = make('li', '');
      const more = make('button', 'more', `Show more (${rest.toLocaleString('en')})`);
      more.addEventListener('click', () => {
        li.remove();
        add(from + 100);
      });
      li.append(more);
      items.append(li);
    };
    add(0);
    box.append(head, make('p', 'meaning', group.meaning), items, make('p', 'fix', group.fix));
    if (group.count > group.items.length)
      box.append(make('p', 'fix', `${group.count - group.items.length} more are not on this page.`));
    root.append(box);
    return { group, box };
  });
  if (data.groups.length === 0) root.append(make('p', 'fine', 'Nothing to repair.'));
  return {
    mark(item) {
      for (const { row } of rows.values()) row.setAttribute('aria-pressed', 'false');
      const found = rows.get(item.id);
      if (!found) return;
      found.group.open = true;
      found.row.setAttribute('aria-pressed', 'true');
      found.row.scrollIntoView({ block: 'nearest' });
    },
    filter(keep) {
      for (const { group, box } of groups) box.hidden = !keep(group);
    },
  };
}

export function startPage(
  L: Leaflet,
  data: PageData,
  decode: typeof decodeRings,
  mapOf: typeof drawMap,
  listOf: typeof drawList,
): void {
  const choose = (item: PageItem): void => {
    list.mark(item);
    map.show(item);
  };
  const map = mapOf(L, data, decode, choose);
  const list = listOf(data, choose);
  document.querySelector('#all')?.addEventListener('click', () => map.showAll());
  const boxes = [...document.querySelectorAll<HTMLInputElement>('#filter input')];
  const apply = (): void => {
    const kept = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    list.filter((group) => kept.has(group.severity));
    for (const group of data.groups)
      for (const item of group.items) map.setVisible(item, kept.has(group.severity));
  };
  for (const box of boxes) box.addEventListener('change', apply);
}
