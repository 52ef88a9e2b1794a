/** Types of elements by their object identifiers, which are the same in every PostgreSQL. */
const oid = { bool: 16, bytea: 17, int8: 20, int4: 23, text: 25 } as const;

/**
 * One-dimensional arrays in PostgreSQL's binary form: `pg` sends a Buffer as it is. The text form would have every quote
 * of every JSON value escaped, and every key written as hex.
 */
export const binaryArray = {
  text: (values: readonly string[]): Buffer =>
    encode(
      oid.text,
      values.map((value) => Buffer.from(value)),
    ),
  bytea: (values: readonly Buffer[]): Buffer => encode(oid.bytea, values),
  bool: (values: readonly boolean[]): Buffer =>
    encode(
      oid.bool,
      values.map((value) => Buffer.of(value ? 1 : 0)),
    ),
  int4: (values: readonly number[]): Buffer =>
    encode(
      oid.int4,
      values.map((value) => {
        const bytes = Buffer.alloc(4);
        bytes.writeInt32BE(value);
        return bytes;
      }),
    ),
  int8: (values: readonly number[]): Buffer =>
    encode(
      oid.int8,
      values.map((value) => {
        const bytes = Buffer.alloc(8);
        bytes.writeBigInt64BE(BigInt(value));
        return bytes;
      }),
    ),
};

/** Dimensions, a flag for nulls, the type; length and lower bound of the dimension; each element with its length before it. */
function encode(type: number, elements: readonly Buffer[]): Buffer {
  const empty = elements.length === 0;
  const header = Buffer.alloc(empty ? 12 : 20);
  header.writeInt32BE(empty ? 0 : 1, 0);
  header.writeInt32BE(0, 4);
  header.writeInt32BE(type, 8);
  if (empty) return header;
  header.writeInt32BE(elements.length, 12);
  header.writeInt32BE(1, 16);
  const parts: Buffer[] = [header];
  for (const element of elements) {
    const length = Buffer.alloc(4);
    length.writeInt32BE(element.length);
    parts.push(length, element);
  }
  return Buffer.concat(parts);
}
