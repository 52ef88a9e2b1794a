import { environment } from '@esinet/platform/environment';

/** Exit codes of the command line. */
export const exit = { ok: 0, failed: 1, usage: 2, unreachable: 3 } as const;

const coloured = process.stdout.isTTY === true && !environment.noColor;

function paint(code: string): (text: string) => string {
  return (text) => (coloured ? `\u001b[${code}m${text}\u001b[0m` : text);
}

export const bold = paint('1');
export const dim = paint('2');
export const green = paint('32');
export const yellow = paint('33');
export const red = paint('31');
export const blue = paint('34');

/** What was asked for goes to standard output, everything else to standard error. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function tell(text: string): void {
  process.stderr.write(`${text}\n`);
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2));
}
