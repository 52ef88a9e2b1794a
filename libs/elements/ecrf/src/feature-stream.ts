/** Octets of a file beside its features: its type, its name and the like. */
export const MAX_COLLECTION_OCTETS = 1 << 20;

const [QUOTE, ESCAPE, OPEN, CLOSE, OPEN_LIST, CLOSE_LIST, COMMA] = [0x22, 0x5c, 0x7b, 0x7d, 0x5b, 0x5d, 0x2c];
const FEATURES = Buffer.from('"features"');

/** A file that is no JSON, or whose collection is larger than its features. */
export class FeatureStreamError extends Error {
  override readonly name = 'FeatureStreamError';
}

/**
 * The features of a GeoJSON FeatureCollection one by one, so that a file of any size takes the memory of its largest
 * feature. Gives each as JSON.parse makes it, and returns the collection around them with an empty list of features.
 *
 * @throws FeatureStreamError
 */
export function* featuresOf(chunks: Iterable<Buffer>): Generator<unknown, unknown> {
  /** The text around the features. */
  const around: Buffer[] = [];
  let aroundSize = 0;
  /** The text of the feature begun. */
  let begun: Buffer[] = [];
  let depth = 0;
  let inString = false;
  let escaped = false;
  /** Where the last string at depth 1 began, in the text around, to know the name of what follows. */
  let key: number[] = [];
  let listed = false;
  let done = false;

  const keep = (part: Buffer): void => {
    if (part.length === 0) return;
    aroundSize += part.length;
    if (aroundSize > MAX_COLLECTION_OCTETS)
      throw new FeatureStreamError(`more than ${MAX_COLLECTION_OCTETS} octets beside the features`);
    around.push(Buffer.from(part));
  };
  for (const chunk of chunks) {
    let from = 0;
    for (let i = 0; i < chunk.length; i += 1) {
      const octet = chunk[i]!;
      if (inString) {
        if (!listed && depth === 1 && key.length <= FEATURES.length) key.push(octet);
        if (escaped) escaped = false;
        else if (octet === ESCAPE) escaped = true;
        else if (octet === QUOTE) inString = false;
        continue;
      }
      switch (octet) {
        case QUOTE:
          inString = true;
          if (!listed && depth === 1) key = [octet];
          break;
        case OPEN:
          depth += 1;
          break;
        case OPEN_LIST:
          depth += 1;
          if (!listed && !done && depth === 2 && FEATURES.equals(Uint8Array.from(key))) {
            listed = true;
            keep(chunk.subarray(from, i + 1));
            from = i + 1;
          }
          break;
        case COMMA:
          if (!listed || depth !== 2) break;
          begun.push(chunk.subarray(from, i));
          from = i + 1;
          yield parsed(begun);
          begun = [];
          break;
        case CLOSE:
          depth -= 1;
          break;
        case CLOSE_LIST:
          depth -= 1;
          if (!listed || depth !== 1) break;
          begun.push(chunk.subarray(from, i));
          from = i;
          if (Buffer.concat(begun).toString().trim() !== '') yield parsed(begun);
          begun = [];
          listed = false;
          done = true;
          break;
        default:
      }
    }
    const rest = chunk.subarray(from);
    if (listed) begun.push(Buffer.from(rest));
    else keep(rest);
  }
  if (listed) throw new FeatureStreamError('the file ends within its features');
  return parsed(around);
}

function parsed(parts: readonly Buffer[]): unknown {
  try {
    const text = Buffer.concat(parts).toString('utf8');
    return JSON.parse(text.startsWith('\uFEFF') ? text.slice(1) : text) as unknown;
  } catch (error) {
    throw new FeatureStreamError(`not JSON: ${error instanceof Error ? error.message : 'unreadable'}`);
  }
}
