import { type ConditionKind, cost } from '../condition.js';
import type { Fields } from '../fields.js';
import { type LocalTime, fixedOffset, isTimeZone, zoneClock } from '../local-time.js';

/** Monday first. */
const weekdays = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'] as const;
const DAY = 86_400;

/**
 * NENA-STA-010 3.3.3.1.1: a span of dates, in it times of day and days of the week. The times are those of the offset of
 * `dateStart`, or, of our own, of `timeZone`, a name of the IANA database, which keeps to summer time. A time of end at or
 * before the start is on the day after, and the day of the week is the one it began on. Starts count, ends do not.
 */
export const timePeriod: ConditionKind = {
  type: 'TimePeriodCondition',
  read(fields) {
    const start = fields.optionalTime('dateStart');
    // Both names are in the field.
    const stop = fields.optionalTime(fields.has('dateStop') ? 'dateStop' : 'dateEnd');
    if (start && stop && stop.ms <= start.ms) fields.wrong('dateEnd', 'is not after dateStart');
    const timeStart = timeOfDay(fields, 'timeStart');
    const timeEnd = timeOfDay(fields, 'timeEnd');
    const days = daysOf(fields);
    const local = localClock(fields, timeStart !== undefined || timeEnd !== undefined || days !== undefined);
    if (![start, stop, timeStart, timeEnd, days].some((each) => each !== undefined))
      return fields.refuse(
        'says nothing about time',
        'timeStart and timeEnd, weekdayList, or dateStart and dateEnd',
      );
    const from = timeStart ?? 0;
    const to = timeEnd ?? DAY;
    if (from === to % DAY && from !== 0)
      return fields.wrong('timeEnd', 'is the time of start: no time in between');
    const words = ['dateStart', 'dateEnd', 'dateStop', 'weekdayList', 'timeStart', 'timeEnd', 'timeZone']
      .filter((name) => fields.has(name))
      .map((name) => `${name} ${String(fields.object[name])}`);
    return {
      text: `time period ${words.join(', ')}`,
      cost: cost.time,
      holds: ({ facts: { now } }) => {
        if ((start && now < start.ms) || (stop && now >= stop.ms)) return false;
        return local === undefined || withinDay(local(now), from, to, days);
      },
    };
  },
};

function withinDay(at: LocalTime, from: number, to: number, days: readonly number[] | undefined): boolean {
  const on = (day: number): boolean => days === undefined || days.includes((day + 7) % 7);
  if (from < to) return at.second >= from && at.second < to && on(at.weekday);
  if (at.second >= from) return on(at.weekday);
  return at.second < to && on(at.weekday - 1);
}

/** RFC 3339 5.6 partial-time; seconds may be left out. 23:59:59 and 24:00 are the end of the day. */
function timeOfDay(fields: Fields, name: string): number | undefined {
  const text = fields.optionalText(name);
  if (text === undefined) return undefined;
  const [, h, m, s] = /^(\d\d):(\d\d)(?::(\d\d)(?:\.\d+)?)?$/.exec(text.trim()) ?? [];
  const second = Number(h) * 3_600 + Number(m) * 60 + Number(s ?? 0);
  if (h === undefined || Number(m) > 59 || Number(s ?? 0) > 59 || second > DAY)
    return fields.wrong(name, 'expected a time of day', '18:00:00');
  return name === 'timeEnd' && second === DAY - 1 ? DAY : second;
}

/** `MO,TU` or a list of them. */
function daysOf(fields: Fields): number[] | undefined {
  const value = fields.raw('weekdayList');
  if (value === undefined) return undefined;
  const words = typeof value === 'string' ? value.split(',') : Array.isArray(value) ? value.map(String) : [];
  const days = words.map((word) => weekdays.findIndex((day) => day === word.trim().toUpperCase()));
  if (days.length > 0 && !days.includes(-1)) return days;
  return fields.wrong('weekdayList', 'expected days of the week', `${weekdays.join(',')}, divided by commas`);
}

function localClock(fields: Fields, needed: boolean): ((wallMs: number) => LocalTime) | undefined {
  const zone = fields.optionalText('timeZone', 'Europe/Madrid');
  if (zone !== undefined && !isTimeZone(zone))
    return fields.wrong('timeZone', 'is not a time zone of the IANA database', 'Europe/Madrid');
  if (!needed) return undefined;
  if (zone !== undefined) return zoneClock(zone);
  const start = fields.object['dateStart'];
  if (typeof start === 'string') return fixedOffset(start);
  return fields.refuse(
    'has times of day, but not those of which place',
    'add timeZone, such as Europe/Madrid',
  );
}
