const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, min: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds of `1500`, `1500 ms`, `1.5 s`, `2 min`, `1 h` or `30 d`. */
export function durationOf(value: string | number): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) && value >= 0 ? value : undefined;
  let digits = 0;
  while (digits < value.length && '0123456789.'.includes(value.charAt(digits))) digits++;
  const amount = Number(value.slice(0, digits));
  const factor = units[value.slice(digits).trim() || 'ms'];
  return digits === 0 || !Number.isFinite(amount) || factor === undefined ? undefined : amount * factor;
}
