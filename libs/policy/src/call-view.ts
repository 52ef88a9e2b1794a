import { type Shape } from '@esinet/location';
import { type BodyPart, type Uri, parseUri, readBodyParts } from '@esinet/sip';
import { type XmlElement, readXml } from '@esinet/xml';
import type { AreaIndex } from './area-index.js';
import type { RoutingFacts } from './routing-facts.js';

/** Octets of a body part that a condition looks into. */
export const MAX_BODY_PART = 65_536;

/**
 * One call as conditions see it: what one of them had read is not read again, and nothing is read before a condition
 * asks for it.
 */
export class CallView {
  readonly #headers = new Map<string, readonly string[]>();
  readonly #documents = new Map<BodyPart, XmlElement | undefined>();
  readonly #json = new Map<BodyPart, unknown>();
  readonly #values = new Map<BodyPart, Map<string, readonly string[] | string>>();
  readonly #ofType = new Map<string, readonly BodyPart[]>();
  #parts: readonly BodyPart[] | undefined;
  readonly #uris = new Map<string, Uri | undefined>();

  #shares: ReadonlyMap<string, number> | undefined;

  constructor(
    readonly facts: RoutingFacts,
    private readonly areas: AreaIndex | undefined,
  ) {}

  get location(): Shape | undefined {
    return this.facts.location;
  }

  /** How much of the location lies in an area of the set: 0 to 1. */
  shareOf(areaKey: string): number {
    if (!this.location || !this.areas) return 0;
    this.#shares ??= this.areas.sharesOf(this.location);
    return this.#shares.get(areaKey) ?? 0;
  }

  /** Values of a header in lower case: each line as a whole, and each member where a line lists several. */
  header(name: string): readonly string[] {
    const known = this.#headers.get(name);
    if (known) return known;
    const lines = this.facts.request.headerLines(name);
    const values = lines.map((line) => line.trim().toLowerCase());
    for (const line of lines) {
      if (!line.includes(',')) continue;
      for (const value of this.facts.request.values(name)) values.push(value.trim().toLowerCase());
      break;
    }
    this.#headers.set(name, values);
    return values;
  }

  get parts(): readonly BodyPart[] {
    return (this.#parts ??= readBodyParts(this.facts.request));
  }

  /** Parts of a media type, `application/pidf+xml`, in their order. */
  partsOf(mediaType: string): readonly BodyPart[] {
    const known = this.#ofType.get(mediaType);
    if (known) return known;
    const parts = this.parts.filter((part) => mediaTypeOf(part) === mediaType);
    this.#ofType.set(mediaType, parts);
    return parts;
  }

  /** Undefined where it is no well-formed XML within the limits. */
  document(part: BodyPart): XmlElement | undefined {
    if (this.#documents.has(part)) return this.#documents.get(part);
    const read = readXml(part.body, { maxBytes: MAX_BODY_PART });
    const root = read.ok ? read.value : undefined;
    this.#documents.set(part, root);
    return root;
  }

  /** Undefined where it is no JSON within the limits. */
  json(part: BodyPart): unknown {
    if (this.#json.has(part)) return this.#json.get(part);
    let value: unknown;
    try {
      if (part.body.length <= MAX_BODY_PART) value = JSON.parse(part.body.toString('utf8'));
    } catch {
      value = undefined;
    }
    this.#json.set(part, value);
    return value;
  }

  /** What `read` finds in a part under a name; it is not looked for again. */
  valuesOf(part: BodyPart, name: string, read: () => readonly string[] | string): readonly string[] | string {
    let ofPart = this.#values.get(part);
    if (!ofPart) this.#values.set(part, (ofPart = new Map()));
    const known = ofPart.get(name) ?? read();
    ofPart.set(name, known);
    return known;
  }

  uri(text: string): Uri | undefined {
    if (this.#uris.has(text)) return this.#uris.get(text);
    const uri = parseUri(text);
    this.#uris.set(text, uri);
    return uri;
  }
}

/** Lower case, without parameters. */
export function mediaTypeOf(part: BodyPart): string | undefined {
  return part.contentType && `${part.contentType.type}/${part.contentType.subtype}`;
}
