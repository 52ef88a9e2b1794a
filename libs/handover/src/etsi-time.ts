/** TS 103 280 QualifiedDateTime: whole seconds, no fraction. What falls within a second is cut off, not rounded up. */
export function qualifiedDateTime(wallMs: number): string {
  return `${new Date(Math.floor(wallMs / 1_000) * 1_000).toISOString().slice(0, 19)}Z`;
}

/** TS 103 280 QualifiedMicrosecondDateTime: exactly six digits behind the point. `wallMs` may have a fraction. */
export function qualifiedMicroseconds(wallMs: number): string {
  const micros = Math.round(wallMs * 1_000);
  const ms = Math.floor(micros / 1_000);
  return `${new Date(ms).toISOString().slice(0, 23)}${String(micros - ms * 1_000).padStart(3, '0')}Z`;
}

const dateTime = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(Z|[+-]\d{2}:\d{2})$/;

/** The years 1 to 9999, UTC: what xs:dateTime and these types can write. Milliseconds since 1970. */
const [first, last] = [-62_135_596_800_000, 253_402_300_800_000] as const;

/** RFC 3339 as milliseconds since 1970, with the fraction as it stands; undefined where it is no time. */
export function timeOf(text: string): number | undefined {
  const match = dateTime.exec(text);
  if (!match) return undefined;
  const [, seconds = '', fraction = '', zone = 'Z'] = match;
  const ms = Date.parse(`${seconds}${zone}`);
  if (!(ms >= first && ms < last)) return undefined;
  // Date.parse takes 31 February for 3 March.
  const local = new Date(ms + zoneMs(zone)).toISOString().slice(0, 19);
  return local === seconds ? ms + Number(`0.${fraction || '0'}`) * 1_000 : undefined;
}

export function isQualifiedDateTime(text: string): boolean {
  return timeOf(text) !== undefined && !text.includes('.');
}

export function isQualifiedMicroseconds(text: string): boolean {
  return timeOf(text) !== undefined && /\.\d{6}(?:Z|[+-]\d{2}:\d{2})$/.test(text);
}

function zoneMs(zone: string): number {
  if (zone === 'Z') return 0;
  const sign = zone.startsWith('-') ? -1 : 1;
  return sign * (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4, 6))) * 60_000;
}
