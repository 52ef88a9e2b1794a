/*
 * The UTF-16 units of the document being read, in one array that is used again for each: a typed array is read several
 * times faster than a string. Reading is synchronous and never within another reading.
 */

let bytes = Buffer.alloc(0);
let units = new Uint16Array(0);
const BIG_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 0;
/** Kept between documents; a longer document gets its own. */
const KEPT_UNITS = 131_072;

/** The units of a text and a 0 behind them, which no document may contain. They hold until the next call. */
export function unitsOf(text: string): Uint16Array {
  if (units.length <= text.length) {
    const buffer = new ArrayBuffer(2 * Math.max(8_192, 2 ** Math.ceil(Math.log2(text.length + 1))));
    const fresh = { bytes: Buffer.from(buffer), units: new Uint16Array(buffer) };
    if (fresh.units.length > KEPT_UNITS) return fill(fresh.bytes, fresh.units, text);
    ({ bytes, units } = fresh);
  }
  return fill(bytes, units, text);
}

function fill(into: Buffer, view: Uint16Array, text: string): Uint16Array {
  into.write(text, 0, 'utf16le');
  if (BIG_ENDIAN) into.subarray(0, 2 * text.length).swap16();
  view[text.length] = 0;
  return view;
}
