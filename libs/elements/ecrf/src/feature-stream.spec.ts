import { describe, expect, it } from 'vitest';
import { FeatureStreamError, MAX_COLLECTION_OCTETS, featuresOf } from './feature-stream.js';

/** In pieces of so many octets, each in the same buffer, as a file is read. */
function* pieces(text: string, size: number): Generator<Buffer> {
  const whole = Buffer.from(text);
  const chunk = Buffer.alloc(size);
  for (let i = 0; i < whole.length; i += size) {
    const length = whole.copy(chunk, 0, i, i + size);
    yield chunk.subarray(0, length);
  }
}

function read(text: string, size = 1 << 16): { features: unknown[]; around: unknown } {
  const stream = featuresOf(pieces(text, size));
  const features: unknown[] = [];
  let step = stream.next();
  for (; !step.done; step = stream.next()) features.push(step.value);
  return { features, around: step.value };
}

describe('features of a file', () => {
  const collection = {
    type: 'FeatureCollection',
    name: 'a "quoted" } name, with ] and \\',
    crs: { features: [1, 2], x: ['features'] },
    features: [
      { type: 'Feature', properties: { NGUID: 'ñ, "}]' }, geometry: { coordinates: [[[1, 2]]] } },
      null,
      7,
      'text, "]"',
      [{ a: [] }],
      {},
    ],
    after: [{ b: 1 }],
  };

  it('are those of the whole, wherever the file is cut', { meta: { clause: 'RFC 7946 3.3' } }, () => {
    for (const text of [JSON.stringify(collection), `\uFEFF${JSON.stringify(collection, null, 2)}\n`]) {
      for (const size of [1, 2, 3, 7, 64, 1 << 16]) {
        const { features, around } = read(text, size);
        expect(features).toEqual(collection.features);
        expect(around).toEqual({ ...collection, features: [] });
      }
    }
  });

  it('are none where there are none', () => {
    expect(read('{"type":"FeatureCollection","features":[ ]}').features).toEqual([]);
    for (const other of [
      '{"type":"Feature","geometry":null}',
      '[{"features":[1]}]',
      '"features"',
      '12',
      'null',
    ])
      expect(read(other)).toEqual({ features: [], around: JSON.parse(other) as unknown });
  });

  it.each([
    ['nothing', ''],
    ['no JSON', 'hello'],
    ['a broken feature', '{"features":[{"a":}]}'],
    ['an empty place', '{"features":[{},,{}]}'],
    ['a comma at the end', '{"features":[{},]}x'],
    ['the end in a feature', '{"features":[{"a":1'],
    ['the end in a string', '{"features":["a'],
    ['the end after its features', '{"features":[{}]'],
    ['more than was said', '{"features":[{}]}}'],
    ['a large beginning', `{"x":"${'x'.repeat(MAX_COLLECTION_OCTETS)}","features":[]}`],
  ])('are refused of %s', { meta: { clause: 'RFC 8259 2' } }, (_, text) => {
    for (const size of [1, 1 << 16]) expect(() => read(text, size)).toThrow(FeatureStreamError);
  });
});
