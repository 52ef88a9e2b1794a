/** What a transcript says, line by line (test/transcripts/README.md). */
export interface Transcript {
  readonly title: string;
  /** Clauses the chart belongs to: `TS 103 698 6.2.6`. */
  readonly clause: string;
  /** Requirements it verifies: `6.2.6-16`. */
  readonly shall: readonly string[];
  readonly settings: Readonly<Record<string, string>>;
  readonly lines: readonly Line[];
}

export interface Arrow {
  readonly kind: 'sip' | 'http';
  readonly line: number;
  readonly from: string;
  readonly to: string;
  readonly facts: readonly string[];
  /** Of a SIP message: the status of its answer, or that there is none. */
  readonly answer: string | undefined;
  /** It may be seen before or after what stands around it. */
  readonly anyOrder: boolean;
}

export interface Act {
  readonly kind: 'act';
  readonly line: number;
  readonly text: string;
}

export type Line = Arrow | Act;

/** @throws Error that names the line */
export function readTranscript(text: string): Transcript {
  const head: Record<string, string> = {};
  const lines: Line[] = [];
  text.split('\n').forEach((raw, index) => {
    const line = index + 1;
    const words = raw.trim();
    if (words === '' || words.startsWith('#')) return;
    const arrow = /^(\||\d+) +(\S+) (->|=>) (\S+) +(.*)$/.exec(words);
    if (arrow) {
      lines.push(arrowOf(line, arrow));
    } else if (lines.length === 0 && /^[a-z]+: /.test(words)) {
      const colon = words.indexOf(':');
      head[words.slice(0, colon)] = words.slice(colon + 1).trim();
    } else {
      lines.push({ kind: 'act', line, text: words });
    }
  });
  const { title, clause, shall = '', ...settings } = head;
  if (title === undefined || clause === undefined) throw new Error('a transcript has a title and a clause');
  return { title, clause, shall: shall.split(/[ ,]+/).filter(Boolean), settings, lines };
}

function arrowOf(line: number, [, number, from = '', arrow, to = '', rest = '']: RegExpExecArray): Arrow {
  const parts = splitOutsideQuotes(rest, ' : ');
  const facts = splitOutsideQuotes(parts[0] ?? '', ',').map((fact) => fact.trim());
  const kind = arrow === '->' ? 'sip' : 'http';
  const answer = parts[1]?.trim();
  if (kind === 'sip' && answer === undefined) throw new Error(`line ${line}: what is the answer?`);
  return { kind, line, from, to, facts, answer, anyOrder: number === '|' };
}

function splitOutsideQuotes(text: string, by: string): string[] {
  const parts: string[] = [];
  let quoted = false;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '"') quoted = !quoted;
    if (quoted || !text.startsWith(by, i)) continue;
    parts.push(text.slice(start, i));
    start = i + by.length;
  }
  return [...parts, text.slice(start)];
}
