/** Bound to `xml` and to nothing else (Namespaces in XML 1.0, 3). */
export const XML_NAMESPACE = 'http://www.w3.org/XML/1998/namespace';
/** Bound to `xmlns`, and never declared. */
export const XMLNS_NAMESPACE = 'http://www.w3.org/2000/xmlns/';

/**
 * The bindings that hold where the reader stands. Each look-up costs the same however many there are, and leaving an
 * element costs what entering it did.
 */
export class NamespaceScope {
  /** Where no prefix stands (Namespaces in XML 1.0, 6.2). */
  defaultUri = '';
  readonly #bound = new Map<string, string>();
  /** Pairs of prefix and former URI, undefined where there was none. */
  readonly #former: (string | undefined)[] = [];

  /** How far to go back on leaving the element that is entered now. */
  get mark(): number {
    return this.#former.length;
  }

  /** False where a constraint on declarations is broken (Namespaces in XML 1.0, 3 and 5). `prefix` '' is the default. */
  declare(prefix: string, uri: string): boolean {
    if (prefix === '') {
      if (uri === XML_NAMESPACE || uri === XMLNS_NAMESPACE) return false;
      this.#former.push('', this.defaultUri);
      this.defaultUri = uri;
      return true;
    }
    if (prefix === 'xmlns' || uri === XMLNS_NAMESPACE || uri === '') return false;
    if (prefix === 'xml') return uri === XML_NAMESPACE;
    if (uri === XML_NAMESPACE) return false;
    this.#former.push(prefix, this.#bound.get(prefix));
    this.#bound.set(prefix, uri);
    return true;
  }

  /** Undefined where the prefix is not bound. */
  resolve(prefix: string): string | undefined {
    return prefix === 'xml' ? XML_NAMESPACE : this.#bound.get(prefix);
  }

  leave(mark: number): void {
    const former = this.#former;
    while (former.length > mark) {
      const uri = former.pop();
      const prefix = former.pop() ?? '';
      if (prefix === '') this.defaultUri = uri ?? '';
      else if (uri === undefined) this.#bound.delete(prefix);
      else this.#bound.set(prefix, uri);
    }
  }
}
