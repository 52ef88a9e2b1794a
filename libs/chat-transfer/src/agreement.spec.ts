import { expect, it } from 'vitest';
import { agreementOfNames, agreementOfUri, covers } from './agreement.js';
import { certificateNames } from './certificate-names.js';

const uris = ['sip:toledo@esinet.lab', 'sip:*@psap.other'];

it.each([
  ['sip:toledo@esinet.lab', true],
  ['<sip:toledo@ESINET.lab;transport=tcp>', true],
  ['sips:toledo@esinet.lab?x=y', true],
  ['sip:Toledo@esinet.lab', false],
  ['sip:madrid@esinet.lab', false],
  ['sip:anybody@psap.other', true],
  ['sip:anybody@not.psap.other', false],
  ['sip:esinet.lab', false],
  ['toledo@esinet.lab', false],
  ['tel:112', false],
  ['', false],
])('%s is covered: %s', (uri, expected) => {
  expect(covers({ uris }, uri)).toBe(expected);
});

it('an agreement is found by PSAP and by certificate, and by nothing else', () => {
  const agreements = [
    { name: 'none', uris: [], sanUri: '' },
    { name: 'toledo', uris, sanUri: 'sip:psap-b.esinet.internal' },
  ];
  expect(agreementOfUri(agreements, 'sip:x@psap.other')?.name).toBe('toledo');
  expect(agreementOfNames(agreements, ['DNS:a', 'URI:SIP:psap-b.esinet.internal'])?.name).toBe('toledo');
  for (const names of [
    [],
    ['URI:'],
    [''],
    ['DNS:sip:psap-b.esinet.internal'],
    ['URI:sip:psap-b.esinet.internal.evil'],
  ]) {
    expect(agreementOfNames(agreements, names)).toBeUndefined();
  }
});

it('a name that contains another one is not that other one', () => {
  const text =
    'DNS:a.example, URI:"sip:x\\u002c URI:sip:psap-b", URI:sip:c, URI:"sip:y, URI:sip:psap-b, z", DNS:d';
  expect(certificateNames(text)).toEqual(['DNS:a.example', 'URI:sip:c', 'DNS:d']);
  expect(certificateNames('')).toEqual([]);
  expect(certificateNames('URI:"sip:x, URI:sip:psap-b')).toEqual([]);
});
