import type { CivicAddress, Shape } from '@esinet/location';
import type { IncomingMessage } from './incoming-message.js';

/** Callers whose last test is remembered. */
export const rememberedTests = 1_000;

/** Who may test when (TS 103 698 6.1.2.10: not again within a short time, such as 2 minutes). */
export class TestCalls {
  readonly #last = new Map<string, number>();

  constructor(private readonly intervalMs: number) {}

  /** Whether this caller may test now; if so, it is noted. */
  admit(caller: string, now: number): boolean {
    const last = this.#last.get(caller);
    if (last !== undefined && now - last < this.intervalMs) return false;
    this.#last.delete(caller);
    const oldest = this.#last.keys().next();
    if (this.#last.size >= rememberedTests && !oldest.done) this.#last.delete(oldest.value);
    this.#last.set(caller, now);
    return true;
  }
}

/** TS 103 698 6.1.2.10: name of the PSAP, service received and location, a line each. */
export function testAnswer(centre: { readonly name: string }, message: IncomingMessage): string {
  return `${centre.name}\r\n${message.asked ?? ''}\r\n${locationText(message)}`;
}

function locationText(message: IncomingMessage): string {
  const { pidfLo, references } = message.location;
  const first = pidfLo?.locations[0];
  if (first?.kind === 'geodetic') return shapeText(first.shape);
  if (first?.kind === 'civic') return civicText(first.civic);
  return references[0] ?? 'no location';
}

function shapeText(shape: Shape): string {
  switch (shape.type) {
    case 'point':
      return positionText(shape.position);
    case 'circle':
      return `${positionText(shape.center)}, within ${Math.round(shape.radius)} m`;
    case 'ellipse':
      return `${positionText(shape.center)}, within ${Math.round(shape.semiMajor)} m`;
    case 'arcband':
      return `${positionText(shape.center)}, within ${Math.round(shape.outerRadius)} m`;
    case 'polygon': {
      const corner = shape.rings[0]?.[0];
      return corner ? `an area at ${positionText(corner)}` : 'an area';
    }
  }
}

function positionText([lon, lat]: readonly [number, number]): string {
  const side = (value: number, positive: string, negative: string): string =>
    `${Math.abs(value).toFixed(5)} ${value < 0 ? negative : positive}`;
  return `${side(lat, 'N', 'S')}, ${side(lon, 'E', 'W')}`;
}

function civicText(civic: CivicAddress): string {
  return civic.elements.map(({ value }) => value).join(', ');
}
