export interface LocalTime {
  /** Seconds since midnight. */
  readonly second: number;
  /** 0 is Monday. */
  readonly weekday: number;
}

/** Offsets change on a quarter of an hour and nowhere else. */
const QUARTER = 900_000;
const DAY = 86_400_000;

export function isTimeZone(name: string): boolean {
  if (clocks.has(name)) return true;
  try {
    new Intl.DateTimeFormat('en-GB', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

type WallClock = (wallMs: number) => LocalTime;

/** A format takes half a millisecond to make, and a thousand rules are of one zone. There are some 600 zones. */
const clocks = new Map<string, WallClock>();
const MAX_CLOCKS = 1_000;

/** The clock on the wall of a time zone of the IANA database, summer time and all. */
export function zoneClock(timeZone: string): WallClock {
  const known = clocks.get(timeZone);
  if (known) return known;
  if (clocks.size >= MAX_CLOCKS) clocks.clear();
  const clock = clockOf(timeZone);
  clocks.set(timeZone, clock);
  return clock;
}

function clockOf(timeZone: string): WallClock {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  let quarter = NaN;
  let offset = 0;
  return (wallMs) => {
    const asked = Math.floor(wallMs / QUARTER);
    if (asked !== quarter) {
      quarter = asked;
      offset = offsetAt(format, asked * QUARTER);
    }
    return localTime(wallMs + offset);
  };
}

/** The clock at the offset a timestamp has. */
export function fixedOffset(timestamp: string): WallClock {
  const [, sign, hours, minutes] = /([+-])(\d\d):(\d\d)$/.exec(timestamp) ?? [];
  const size = (Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * 60_000;
  const offset = sign === '-' ? -size : size;
  return (wallMs) => localTime(wallMs + offset);
}

function offsetAt(format: Intl.DateTimeFormat, wallMs: number): number {
  const of = new Map(format.formatToParts(wallMs).map(({ type, value }) => [type, Number(value)]));
  const part = (name: Intl.DateTimeFormatPartTypes): number => of.get(name) ?? 0;
  return (
    Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second')) -
    wallMs
  );
}

function localTime(shiftedMs: number): LocalTime {
  const day = Math.floor(shiftedMs / DAY);
  // 1970-01-01 was a Thursday.
  return { second: Math.floor((shiftedMs - day * DAY) / 1_000), weekday: (((day + 3) % 7) + 7) % 7 };
}
