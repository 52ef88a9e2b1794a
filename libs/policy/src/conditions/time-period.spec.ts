import { describe, expect, it } from 'vitest';
import { holds, origination, problemsOf, rule, to } from '../policy-fixture.js';

const at = (time: string, condition: object): boolean =>
  holds({ conditionType: 'TimePeriodCondition', ...condition }, { now: Date.parse(time) }) === true;
const clause = { meta: { clause: 'NENA-STA-010 3.3.3.1.1' } };
const madrid = { timeZone: 'Europe/Madrid' };

it('begins at its first moment and ends before its last', clause, () => {
  const dates = { dateStart: '2026-03-01T00:00:00+01:00', dateEnd: '2026-04-01T00:00:00+02:00' };
  expect(at('2026-02-28T22:59:59Z', dates)).toBe(false);
  expect(at('2026-02-28T23:00:00Z', dates)).toBe(true);
  expect(at('2026-03-31T21:59:59Z', dates)).toBe(true);
  expect(at('2026-03-31T22:00:00Z', dates)).toBe(false);
  expect(at('2026-03-15T00:00:00Z', { dateStart: dates.dateStart, dateStop: dates.dateEnd })).toBe(true);
});

it('takes times of day at the offset of its start', clause, () => {
  const day = { dateStart: '2026-01-01T00:00:00-05:00', timeStart: '08:00:00', timeEnd: '18:00:00' };
  expect(at('2026-07-01T12:59:59Z', day)).toBe(false);
  expect(at('2026-07-01T13:00:00Z', day)).toBe(true);
  expect(at('2026-07-01T22:59:59Z', day)).toBe(true);
  expect(at('2026-07-01T23:00:00Z', day)).toBe(false);
});

describe('over midnight', () => {
  const night = { ...madrid, timeStart: '22:00', timeEnd: '06:00' };

  it('holds on both sides of it', clause, () => {
    expect(at('2026-03-02T20:59:59Z', night)).toBe(false);
    expect(at('2026-03-02T21:00:00Z', night)).toBe(true);
    expect(at('2026-03-03T04:59:59Z', night)).toBe(true);
    expect(at('2026-03-03T05:00:00Z', night)).toBe(false);
  });

  it('belongs to the day it began on', clause, () => {
    const friday = { ...night, weekdayList: 'FR' };
    expect(at('2026-03-06T22:30:00+01:00', friday)).toBe(true);
    expect(at('2026-03-07T05:30:00+01:00', friday)).toBe(true);
    expect(at('2026-03-06T05:30:00+01:00', friday)).toBe(false);
    expect(at('2026-03-07T22:30:00+01:00', friday)).toBe(false);
    expect(at('2026-03-09T05:30:00+01:00', { ...night, weekdayList: 'SU' })).toBe(true);
  });
});

it('keeps to days of the week in the time zone', clause, () => {
  const weekend = { ...madrid, weekdayList: 'SA, su' };
  expect(at('2026-03-06T22:59:59Z', weekend)).toBe(false);
  expect(at('2026-03-06T23:00:00Z', weekend)).toBe(true);
  expect(at('2026-03-08T22:59:59Z', weekend)).toBe(true);
  expect(at('2026-03-08T23:00:00Z', weekend)).toBe(false);
});

it('goes with summer time', clause, () => {
  const morning = { ...madrid, timeStart: '08:00', timeEnd: '09:00' };
  // The clocks went forward on 2026-03-29 and go back on 2026-10-25.
  expect(at('2026-03-28T07:30:00Z', morning)).toBe(true);
  expect(at('2026-03-29T07:30:00Z', morning)).toBe(false);
  expect(at('2026-03-29T06:30:00Z', morning)).toBe(true);
  expect(at('2026-10-24T06:30:00Z', morning)).toBe(true);
  expect(at('2026-10-25T07:30:00Z', morning)).toBe(true);
  const twice = { ...madrid, timeStart: '02:00', timeEnd: '03:00' };
  expect(at('2026-10-25T00:30:00Z', twice)).toBe(true);
  expect(at('2026-10-25T01:30:00Z', twice)).toBe(true);
  expect(at('2026-03-29T01:00:00Z', twice)).toBe(false);
});

it('takes 23:59:59 for the end of the day', clause, () => {
  const all = { ...madrid, timeStart: '12:00:00', timeEnd: '23:59:59' };
  expect(at('2026-03-02T23:59:59.500+01:00', all)).toBe(true);
  expect(at('2026-03-03T00:00:00+01:00', all)).toBe(false);
});

it.each([
  [{ timeStart: '08:00' }, 'add timeZone'],
  [{ weekdayList: 'MO' }, 'add timeZone'],
  [{}, 'says nothing about time'],
  [{ ...madrid, timeStart: '8 am' }, 'timeStart: expected a time of day'],
  [{ ...madrid, timeStart: '24:01' }, 'timeStart: expected a time of day'],
  [{ ...madrid, timeStart: '08:00', timeEnd: '08:00' }, 'no time in between'],
  [{ ...madrid, weekdayList: 'MO,XX' }, 'weekdayList: expected days of the week'],
  [{ timeZone: 'Europe/Madird', timeStart: '08:00' }, 'is not a time zone'],
  [{ dateStart: '2026-03-01' }, 'dateStart: expected a timestamp'],
  [{ dateStart: '2026-03-02T00:00:00Z', dateEnd: '2026-03-01T00:00:00Z' }, 'dateEnd: is not after dateStart'],
])('refuses %j', clause, (condition, message) => {
  const json = origination(rule(1, [{ conditionType: 'TimePeriodCondition', ...condition }], to('a')));
  expect(problemsOf(json).join('\n')).toContain(message);
});
