import { expect, it } from 'vitest';
import { labBoundaries } from '../lab/lab-boundaries.js';
import { labNeighbours } from '../lab/lab-neighbours.js';
import { mapSvg } from './map-svg.js';

it('draws every area of the lab, with its name and without markup from outside', () => {
  const areas = labBoundaries().features.map((feature) => ({
    ...feature,
    properties: { ...feature.properties, DsplayName: `${String(feature.properties['DsplayName'])} <b>&"` },
  }));
  const svg = mapSvg({ areas, neighbours: labNeighbours().features });
  expect(svg.match(/class="area"/g)).toHaveLength(19);
  expect(svg).toContain('Catalunya (lab) &lt;b>&amp;&quot;');
  expect(svg).not.toContain('<b>');
  expect(svg).not.toContain('NaN');
});

it('draws nothing where there is nothing', () => {
  expect(mapSvg({ areas: [], neighbours: [] })).toBe('');
});
