/** Lines of the log that tell of a mistake in the program rather than of bad input. */
export function mistakesIn(output: string): string[] {
  const signs = ['"level":"error"', 'unexpected:', 'uncaught', 'TypeError', 'RangeError', 'ReferenceError'];
  const lines = output.split('\n').filter((line) => signs.some((sign) => line.includes(sign)));
  return [...new Set(lines.map((line) => `log: ${line.slice(0, 500)}`))].slice(0, 10);
}
