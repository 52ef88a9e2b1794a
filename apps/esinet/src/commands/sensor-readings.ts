/** One value a sensor measured. */
export interface Reading {
  readonly quantity: string;
  readonly value: number;
  readonly unit?: string;
}

/** Characters of a line that is read as a reading. */
const maxLine = 1_000;
const maxWord = 60;

/**
 * A line a program writes: `81.5`, `temperature=81.5`, `temperature=81.5 °C`, or a JSON object with `value` and perhaps
 * `quantity` and `unit`. Undefined for what is none of these.
 */
export function readReading(
  line: string,
  otherwise: { readonly quantity: string; readonly unit?: string },
): Reading | undefined {
  const text = line.trim();
  if (text === '' || text.length > maxLine) return undefined;
  if (text.startsWith('{')) return fromJson(text, otherwise);
  const equals = text.indexOf('=');
  const quantity = equals < 0 ? otherwise.quantity : text.slice(0, equals).trim();
  const rest = text.slice(equals + 1).trim();
  const blank = rest.indexOf(' ');
  const number = blank < 0 ? rest : rest.slice(0, blank);
  const unit = blank < 0 ? otherwise.unit : rest.slice(blank + 1).trim();
  return reading(quantity, numberOf(number), unit);
}

function fromJson(
  text: string,
  otherwise: { readonly quantity: string; readonly unit?: string },
): Reading | undefined {
  try {
    const { quantity, value, unit } = JSON.parse(text) as Record<string, unknown>;
    return reading(
      typeof quantity === 'string' ? quantity : otherwise.quantity,
      typeof value === 'number' ? value : undefined,
      typeof unit === 'string' ? unit : otherwise.unit,
    );
  } catch {
    return undefined;
  }
}

function reading(quantity: string, value: number | undefined, unit?: string): Reading | undefined {
  if (value === undefined || !Number.isFinite(value) || quantity === '' || quantity.length > maxWord) {
    return undefined;
  }
  return { quantity, value, ...(unit && { unit: unit.slice(0, maxWord) }) };
}

function numberOf(text: string): number | undefined {
  return /^[+-]?\d{1,15}(?:\.\d{1,15})?$/.test(text) ? Number(text) : undefined;
}

/** What to do with a reading. */
export type Verdict =
  /** All is well: nobody is told. */
  | { readonly kind: 'quiet' }
  /** The first one that somebody has to know: it starts the chat. */
  | { readonly kind: 'alarm'; readonly text: string }
  | { readonly kind: 'report'; readonly text: string };

/** A thing that reports by itself (TS 103 698 D.3): nothing below the threshold, then everything. */
export function judge(
  r: Reading,
  o: { readonly name: string; readonly threshold?: number; readonly alarmed: boolean },
): Verdict {
  const measured = `${r.quantity} ${shown(r.value, r.unit)}`;
  if (o.threshold === undefined) {
    const text = o.alarmed ? measured : `${o.name}: ${measured}`;
    return { kind: o.alarmed ? 'report' : 'alarm', text };
  }
  const limit = `threshold ${shown(o.threshold, r.unit)}`;
  const above = r.value >= o.threshold;
  if (!o.alarmed) {
    return above ? { kind: 'alarm', text: `ALARM ${o.name}: ${measured}, ${limit}` } : { kind: 'quiet' };
  }
  return { kind: 'report', text: above ? measured : `${measured}, below the ${limit} again` };
}

function shown(value: number, unit: string | undefined): string {
  return unit === undefined ? String(value) : `${value} ${unit}`;
}

/** A fire that begins, burns and is put out, for whoever has no sensor at hand. */
export function simulated(n: number): number {
  const rise = 21 + 4 * n + (n > 4 ? 9 * (n - 4) : 0);
  const value = n <= 12 ? rise : Math.max(24, 141 - 14 * (n - 12));
  return Math.round(value * 10) / 10;
}
