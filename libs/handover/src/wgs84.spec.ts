import { expect, it } from 'vitest';
import { degreesOf, wgs84 } from './wgs84.js';

it('writes degrees as TS 103 280 does, and reads them again', () => {
  expect(wgs84(48.208174, 16.373819)).toEqual({ latitude: 'N48.208174', longitude: 'E016.373819' });
  expect(wgs84(-0.0000001, -0.0000001)).toEqual({ latitude: 'N00.000000', longitude: 'E000.000000' });
  expect(wgs84(-33.5, -180)).toEqual({ latitude: 'S33.500000', longitude: 'W180.000000' });
  expect(degreesOf({ latitude: 'S33.500000', longitude: 'W180.000000' })).toEqual([-33.5, -180]);
  for (const [lat, lon] of [
    [91, 0],
    [0, 181],
    [NaN, 0],
    [0, Infinity],
  ] as const) {
    expect(wgs84(lat, lon)).toBeUndefined();
  }
  expect(degreesOf({ latitude: 'N99.000000', longitude: 'E000.000000' })).toBeUndefined();
  expect(degreesOf({ latitude: '48.2', longitude: 'E016.373819' })).toBeUndefined();
});
