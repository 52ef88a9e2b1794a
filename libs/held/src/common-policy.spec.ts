import { describe, expect, it } from 'vitest';
import {
  COMMON_POLICY_NS,
  GEOLOCATION_POLICY_NS,
  LOCATION_PROFILES_NS,
  type PolicyGrant,
  policyGrant,
  readPolicy,
  writeDefaultPolicy,
} from './common-policy.js';

const NOW = Date.parse('2026-06-01T12:00:00Z');
const ruleset = (rules: string): string =>
  `<ruleset xmlns="${COMMON_POLICY_NS}" xmlns:gp="${GEOLOCATION_POLICY_NS}" xmlns:lp="${LOCATION_PROFILES_NS}">${rules}</ruleset>`;
const rule = (id: string, conditions: string, transformations = '<gp:provide-location/>'): string =>
  `<rule id="${id}"><conditions>${conditions}</conditions><actions/><transformations>${transformations}</transformations></rule>`;
const grantOf = (rules: string, names: string[] = [], now = NOW): PolicyGrant | undefined => {
  const read = readPolicy(ruleset(rules));
  if (!read.ok) throw new Error(read.error);
  return policyGrant(read.value, names, now);
};
const all: PolicyGrant = { civic: 'full', geodeticRadius: 0, retransmissionAllowed: false };

describe('a policy', () => {
  it('without rules grants nothing to anybody', { meta: { clause: 'RFC 7199 3.3' } }, () => {
    expect(grantOf('', ['sip:friend@example.com'])).toBeUndefined();
  });

  it('grants to anybody what has no condition', { meta: { clause: 'RFC 7199 3.2' } }, () => {
    expect(grantOf(rule('a', ''))).toEqual(all);
  });

  it('asks for an identity that was shown', { meta: { clause: ['RFC 4745 7.1', 'RFC 6753 4.3'] } }, () => {
    const one = rule('a', '<identity><one id="sip:friend@example.com"/></identity>');
    expect(grantOf(one)).toBeUndefined();
    expect(grantOf(one, ['sip:foe@example.com'])).toBeUndefined();
    expect(grantOf(one, ['x', 'sip:Friend@example.com'])).toEqual(all);
    const many = rule(
      'a',
      '<identity><many domain="Example.com"><except id="sip:foe@example.com"/></many></identity>',
    );
    expect(grantOf(many, ['sip:friend@example.com'])).toEqual(all);
    expect(grantOf(many, ['sip:foe@example.com'])).toBeUndefined();
    expect(grantOf(many, ['sip:friend@example.org'])).toBeUndefined();
    const others = rule('a', '<identity><many><except domain="example.com"/></many></identity>');
    expect(grantOf(others, ['sip:a@example.com'])).toBeUndefined();
    expect(grantOf(others, ['sip:a@example.org'])).toEqual(all);
    expect(grantOf(others)).toBeUndefined();
    // What cannot be understood must not widen it.
    const strange = rule('a', '<identity><many><except x="y"/><z/></many></identity>');
    expect(grantOf(strange, ['sip:a@example.org'])).toBeUndefined();
    expect(grantOf(rule('a', '<identity/>'), ['sip:a@example.org'])).toBeUndefined();
  });

  it('lasts as long as it says', { meta: { clause: 'RFC 4745 7.3' } }, () => {
    const span = (text: string): unknown => grantOf(rule('a', `<validity>${text}</validity>`));
    expect(span('<from>2026-06-01T00:00:00Z</from><until>2026-06-02T00:00:00Z</until>')).toEqual(all);
    expect(span('<from>2026-06-02T00:00:00Z</from><until>2026-06-03T00:00:00Z</until>')).toBeUndefined();
    expect(span('<until>2026-06-01T12:00:00Z</until>')).toBeUndefined();
    expect(span('<until>2026-06-01T14:00:01+02:00</until>')).toEqual(all);
    expect(span('<from>2026-01-01T00:00:00Z</from>')).toEqual(all);
    expect(span('')).toBeUndefined();
  });

  it('never applies by a condition that is not known here', { meta: { clause: 'RFC 4745 7' } }, () => {
    expect(grantOf(rule('a', '<sphere value="work"/>'))).toBeUndefined();
    expect(grantOf(rule('a', '<x xmlns="urn:x"/>') + rule('b', ''))).toEqual(all);
  });

  it('adds up over its rules, the most that one of them grants', { meta: { clause: 'RFC 4745 10' } }, () => {
    const civic = (level: string): string =>
      `<gp:provide-location profile="civic-transformation"><lp:provide-civic>${level}</lp:provide-civic></gp:provide-location>`;
    const geo = (radius: number): string =>
      `<gp:provide-location profile="geodetic-transformation"><lp:provide-geo radius="${radius}"/></gp:provide-location>`;
    expect(grantOf(rule('a', '', civic('city')))).toEqual({ civic: 'city', retransmissionAllowed: false });
    expect(
      grantOf(
        rule('a', '', civic('city') + '<gp:set-retention-expiry>60</gp:set-retention-expiry>') +
          rule('b', '', civic('country') + geo(500)) +
          rule('c', '', `${geo(2_000)}<gp:set-retransmission-allowed>true</gp:set-retransmission-allowed>`),
      ),
    ).toEqual({ civic: 'city', geodeticRadius: 500, retransmissionAllowed: true, retention: 60 });
    expect(grantOf(rule('a', '', civic('none')))).toBeUndefined();
    expect(grantOf(rule('a', '', ''))).toBeUndefined();
  });

  it('that is the default reads as what it says', { meta: { clause: 'RFC 7199 3.2' } }, () => {
    const read = readPolicy(writeDefaultPolicy({ until: '2026-06-02T00:00:00Z', retention: 3_600 }));
    if (!read.ok) throw new Error(read.error);
    expect(policyGrant(read.value, [], NOW)).toEqual({ ...all, retention: 3_600 });
    expect(policyGrant(read.value, [], NOW + 86_400_000)).toBeUndefined();
  });

  it.each([
    ['no XML', 'allow'],
    ['a document type', `<!DOCTYPE a>${ruleset('')}`],
    ['another root', '<ruleset/>'],
    ['a rule without an id', ruleset('<rule/>')],
    ['two rules of one id', ruleset(rule('a', '') + rule('a', ''))],
    ['a day that is none', ruleset(rule('a', '<validity><until>soon</until></validity>'))],
    [
      'a level that is none',
      ruleset(
        rule('a', '', '<gp:provide-location><lp:provide-civic>all</lp:provide-civic></gp:provide-location>'),
      ),
    ],
    [
      'no radius',
      ruleset(rule('a', '', '<gp:provide-location><lp:provide-geo radius="NaN"/></gp:provide-location>')),
    ],
    [
      'neither true nor false',
      ruleset(rule('a', '', '<gp:set-retransmission-allowed>maybe</gp:set-retransmission-allowed>')),
    ],
    ['a hundred rules', ruleset(Array.from({ length: 100 }, (_, i) => rule(`r${i}`, '')).join(''))],
  ])('with %s is refused', { meta: { clause: 'RFC 7199 3.1' } }, (_name, text) => {
    expect(readPolicy(text).ok).toBe(false);
  });
});
