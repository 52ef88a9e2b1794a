import {
  type Document,
  LineCounter,
  type Node,
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  parseDocument,
  visit,
} from 'yaml';
import { messageOf } from '@esinet/kernel';
import { type ConfigProblem, type Path, pathText } from './problem.js';

export interface Place {
  readonly line: number;
  readonly column: number;
}

/** A YAML text with the place of everything in it. */
export class YamlSource {
  readonly problems: ConfigProblem[] = [];
  /** Plain values; undefined when the text cannot be read at all. */
  readonly value: unknown;
  readonly #lines = new LineCounter();
  readonly #document: Document.Parsed;

  constructor(
    readonly file: string,
    text: string,
  ) {
    this.#document = parseDocument(text, {
      lineCounter: this.#lines,
      prettyErrors: false,
      uniqueKeys: true,
      // A warning is about a tag that nobody knows: the value is then validated as what it is.
      logLevel: 'silent',
    });
    let readable = true;
    for (const error of this.#document.errors) {
      const [start] = error.pos;
      if (error.code === 'DUPLICATE_KEY') {
        this.#add(start, this.#pathOfKeyAt(start), 'this key was already given above', 'keep one of the two');
        continue;
      }
      readable = false;
      const hint = error.code === 'TAB_AS_INDENT' ? 'indent with blanks instead of tabs' : undefined;
      this.#add(start, [], `not valid YAML: ${lowerFirst(error.message)}`, hint);
    }
    if (!readable) return;
    try {
      this.value = this.#document.toJS({ maxAliasCount: 100 }) as unknown;
    } catch (error) {
      this.#add(0, [], `not valid YAML: ${lowerFirst(messageOf(error))}`);
    }
  }

  /** Where the value at a path stands, or else the nearest thing above it that is there. */
  placeOf(path: Path): Place {
    return this.#place(this.#offsetOf(path, false));
  }

  /** Where the key at the end of a path stands. */
  placeOfKey(path: Path): Place {
    return this.#place(this.#offsetOf(path, true));
  }

  has(path: Path): boolean {
    let node: unknown = this.#document.contents;
    for (const key of path) node = this.#member(node, key)?.value;
    return node !== undefined;
  }

  #add(offset: number, path: Path, message: string, hint?: string): void {
    const place = this.#place(offset);
    const problem = { file: this.file, ...place, path: pathText(path), message };
    this.problems.push(hint === undefined ? problem : { ...problem, hint });
  }

  #place(offset: number): Place {
    const { line, col } = this.#lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  }

  #offsetOf(path: Path, atKey: boolean): number {
    let node: unknown = this.#document.contents;
    let offset = startOf(node) ?? 0;
    for (const [i, key] of path.entries()) {
      const member = this.#member(node, key);
      if (!member) return offset;
      const last = i === path.length - 1;
      const deeper = !last && (isMap(this.#resolve(member.value)) || isSeq(this.#resolve(member.value)));
      const preferKey = (last && atKey) || deeper || isEmpty(member.value);
      offset = (preferKey ? startOf(member.key) : undefined) ?? startOf(member.value) ?? offset;
      node = member.value;
    }
    return offset;
  }

  #member(parent: unknown, key: PropertyKey): { key: unknown; value: unknown } | undefined {
    const node = this.#resolve(parent);
    if (isSeq(node)) {
      const value = node.items[Number(key)];
      return value === undefined ? undefined : { key: undefined, value };
    }
    if (!isMap(node)) return undefined;
    const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key));
    return pair && { key: pair.key, value: pair.value };
  }

  #resolve(node: unknown): unknown {
    return isAlias(node) ? node.resolve(this.#document) : node;
  }

  #pathOfKeyAt(offset: number): Path {
    let found: PropertyKey[] = [];
    visit(this.#document, {
      Pair: (_, pair, ancestors) => {
        if (startOf(pair.key) !== offset) return undefined;
        const keys = [...ancestors, pair].flatMap((node, i, all): PropertyKey[] => {
          if (isPair(node)) return isScalar(node.key) ? [String(node.key.value)] : [];
          const parent = all[i - 1];
          return isSeq(parent) ? [parent.items.indexOf(node)] : [];
        });
        found = keys;
        return visit.BREAK;
      },
    });
    return found;
  }
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? (node as Node).range?.[0] : undefined;
}

function isEmpty(node: unknown): boolean {
  return node === null || (isScalar(node) && node.value === null && node.source === '');
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
