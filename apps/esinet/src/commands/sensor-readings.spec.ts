import { describe, expect, it } from 'vitest';
import { judge, readReading, simulated } from './sensor-readings.js';

describe('a line of a sensor', () => {
  const otherwise = { quantity: 'temperature', unit: '°C' };

  it.each([
    ['81.5', { quantity: 'temperature', value: 81.5, unit: '°C' }],
    ['-3', { quantity: 'temperature', value: -3, unit: '°C' }],
    ['CO=120 ppm', { quantity: 'CO', value: 120, unit: 'ppm' }],
    ['CO = 120 ppm dry', { quantity: 'CO', value: 120, unit: 'ppm dry' }],
    ['{"value": 7, "quantity": "pulse", "unit": "1/min"}', { quantity: 'pulse', value: 7, unit: '1/min' }],
    ['{"value": 7}', { quantity: 'temperature', value: 7, unit: '°C' }],
  ])('%s is a reading', (line, reading) => {
    expect(readReading(line, otherwise)).toEqual(reading);
  });

  it.each([
    '',
    'hot',
    '1e9',
    '0x10',
    'NaN',
    '=5',
    '{"value": "7"}',
    '{',
    'null',
    `${'x'.repeat(61)}=1`,
    '1'.repeat(2_000),
  ])('%s is none', (line) => {
    expect(readReading(line, otherwise)).toBeUndefined();
  });
});

describe('a thing that reports by itself', () => {
  const at = (value: number, alarmed: boolean, threshold?: number) =>
    judge(
      { quantity: 'temperature', value, unit: '°C' },
      { name: 'Hall', alarmed, ...(threshold !== undefined && { threshold }) },
    );

  it('tells nobody below its threshold, then everything', { meta: { clause: 'TS 103 698 D.3' } }, () => {
    expect(at(69.9, false, 70)).toEqual({ kind: 'quiet' });
    expect(at(70, false, 70)).toEqual({
      kind: 'alarm',
      text: 'ALARM Hall: temperature 70 °C, threshold 70 °C',
    });
    expect(at(80, true, 70)).toEqual({ kind: 'report', text: 'temperature 80 °C' });
    expect(at(20, true, 70)).toEqual({
      kind: 'report',
      text: 'temperature 20 °C, below the threshold 70 °C again',
    });
  });

  it('tells everything without one', () => {
    expect(at(20, false)).toEqual({ kind: 'alarm', text: 'Hall: temperature 20 °C' });
    expect(at(20, true)).toEqual({ kind: 'report', text: 'temperature 20 °C' });
  });

  it('simulates something that crosses a threshold and comes back', () => {
    const values = Array.from({ length: 30 }, (_, n) => simulated(n));
    expect(Math.max(...values)).toBeGreaterThan(100);
    expect(values[0]).toBeLessThan(30);
    expect(values.at(-1)).toBeLessThan(30);
  });
});
