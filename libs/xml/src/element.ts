/** An expanded name (Namespaces in XML 1.0, 2.1). `uri` is '' where there is no namespace. */
export interface XmlName {
  readonly uri: string;
  readonly local: string;
}

/**
 * One element as the protocols here need it: names are expanded, prefixes are gone.
 * Comments and processing instructions are dropped. The order of text between children is not kept.
 */
export interface XmlElement extends XmlName {
  /** Key `local`, or `{uri}local` for an attribute in a namespace. Namespace declarations are not among them. */
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** The direct text, CDATA included, concatenated and untrimmed. */
  readonly text: string;
  readonly source?: string;
}

/** The first child of that name. */
export function child(e: XmlElement, uri: string, local: string): XmlElement | undefined {
  return e.children.find((c) => c.local === local && c.uri === uri);
}

/** All children of that name, in document order. */
export function childrenOf(e: XmlElement, uri: string, local: string): XmlElement[] {
  return e.children.filter((c) => c.local === local && c.uri === uri);
}

/** An attribute without a namespace; pass `{uri}local` for one that has one. */
export function attribute(e: XmlElement, local: string): string | undefined {
  return e.attributes.get(local);
}
