/** One thing that is wrong with a configuration, where it stands and what to do about it. */
export interface ConfigProblem {
  /** The file; or the environment variable or flag that set the value. */
  readonly file: string;
  /** From 1; 0 when the value does not stand in a file. */
  readonly line: number;
  readonly column: number;
  /** Keys from the top, `bcf.listeners[0].port`; empty for the whole file. */
  readonly path: string;
  readonly message: string;
  /** What to write instead. */
  readonly hint?: string;
}

/** `esinet.yaml:6:3  bcf.portt: unknown key, did you mean "port"?` */
export function formatProblem(p: ConfigProblem): string {
  const where = p.line > 0 ? `${p.file}:${p.line}:${p.column}` : p.file;
  const what = p.path === '' ? p.message : `${p.path}: ${p.message}`;
  return `${where}  ${what}${p.hint === undefined ? '' : `, ${p.hint}`}`;
}

export type Path = readonly PropertyKey[];

export function pathText(path: Path): string {
  let text = '';
  for (const key of path) {
    if (typeof key === 'number') text += `[${key}]`;
    else text += (text === '' ? '' : '.') + String(key);
  }
  return text;
}
