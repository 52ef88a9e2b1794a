import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { labBoundaries } from '@esinet/app-esinet';
import type { Position, Shape } from '@esinet/location';
import { writeLostRequest } from '@esinet/lost';
import { startElementProcess } from './contender.js';
import { type LookupBenchOptions, type Scenario, lookupBench } from './lookup-bench.js';

/** Towns all over the Spanish set. */
const towns: readonly Position[] = [
  [-3.7038, 40.4168],
  [2.1686, 41.3874],
  [-5.9845, 37.3891],
  [-0.3763, 39.4699],
  [-2.935, 43.263],
  [-8.5449, 42.8805],
  [2.6502, 39.5696],
  [-15.4363, 28.1235],
  [-0.8891, 41.6488],
  [-4.7286, 41.6523],
  [-4.0244, 39.8567],
  [-6.3722, 39.4765],
  [-1.1307, 37.9922],
  [-1.6432, 42.8125],
  [-2.445, 42.4627],
  [-5.8448, 43.3619],
  [-3.805, 43.4609],
];

/** `npm run bench -- ecrf`: findService over HTTP at the ECRF of the lab's Spanish set. */
export function ecrfBench(o: LookupBenchOptions): Promise<number> {
  return lookupBench(
    'ecrf',
    (folder, nodeArguments) => {
      const file = join(folder, 'spain.geojson');
      writeFileSync(file, JSON.stringify(labBoundaries()));
      return startElementProcess(
        'ecrf',
        (port) => ({ http: { port }, boundaries: [file] }),
        folder,
        nodeArguments,
      );
    },
    () =>
      Promise.resolve([
        scenario('findService, point, boundary by reference', 'reference', point, 'echo'),
        scenario('findService, circle of 50 m, boundary by reference', 'reference', circle, 'echo'),
        scenario('findService, point, boundary by value', 'value', point, 'answer'),
      ]),
    o,
  );
}

const point = (position: Position): Shape => ({ type: 'point', position });
const circle = (center: Position): Shape => ({ type: 'circle', center, radius: 50 });

function scenario(
  name: string,
  serviceBoundary: 'value' | 'reference',
  shape: (position: Position) => Shape,
  bare: Scenario['bare'],
): Scenario {
  return {
    name,
    method: 'POST',
    headers: { 'content-type': 'application/lost+xml' },
    questions: towns.map((town) => ({
      path: '/lost',
      body: writeLostRequest({
        type: 'findService',
        locations: [{ id: 'here', profile: 'geodetic-2d', shape: shape(town) }],
        service: 'urn:service:sos',
        recursive: false,
        validateLocation: false,
        serviceBoundary,
        path: [],
      }),
    })),
    expected: '<uri>sip:',
    bare,
  };
}
