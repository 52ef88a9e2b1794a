import { expect, it } from 'vitest';
import { buildRequest } from '../codec/build.js';
import { parseDatagram } from '../codec/datagram.js';
import {
  emergencySourceValue,
  isEmergencySource,
  isSourceId,
  readEmergencySource,
} from './emergency-source.js';

const meta = { clause: 'NENA i3 emergency-source' };

function read(...values: string[]) {
  const headers = values.map((value) => ['Call-Info', value] as const);
  const parsed = parseDatagram(
    buildRequest({
      method: 'MESSAGE',
      uri: 'urn:service:sos',
      headers: [['Via', 'SIP/2.0/TCP a;branch=z9hG4bK1'], ...headers],
      body: '',
    }),
  );
  return parsed.kind === 'message' ? readEmergencySource(parsed.message) : undefined;
}

it('is read as it was written', { meta }, () => {
  const source = {
    id: 'abc123@bcf.example',
    source: 'provider',
    suspicion: 80,
    verstat: 'TN-Validation-Failed',
  };
  const other = '<urn:emergency:uid:callid:a:b>;purpose=EmergencyCallData.CallId';
  expect(read(other, emergencySourceValue(source))).toEqual(source);
  expect(read(`${other}, ${emergencySourceValue({ id: 'a@b' })}`)).toEqual({ id: 'a@b' });
  expect(emergencySourceValue({ id: 'a@b', source: 'a;b, c"', suspicion: 400 })).toBe(
    '<a@b>;purpose=emergency-source;source=a-b--c-;suspicion=100',
  );
});

it('is known in any spelling, and what is none is not read', { meta }, () => {
  expect(isEmergencySource('<a@b>; Purpose = "Emergency-Source" ;x')).toBe(true);
  expect(isEmergencySource('<a@b>;purpose=icon;x=emergency-source')).toBe(false);
  for (const value of ['<a b@c>', '<@b>', '<a@>', '<a/../b@c>', 'a@b', `<${'a'.repeat(70)}@b>`]) {
    expect(read(`${value};purpose=emergency-source`), value).toBeUndefined();
  }
  expect(read('<a@b>;purpose=emergency-source;suspicion=-1')).toEqual({ id: 'a@b' });
  expect(read('<a@b>;purpose=emergency-source;suspicion=x;source=')).toEqual({ id: 'a@b' });
  expect(['a@b.c', 'a@b\r\n', '', 'a@b@c'].map(isSourceId)).toEqual([true, false, false, false]);
});
