import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readMessage } from './read-message.js';
import { readRequest } from './read-request.js';
import { SchemaValidator } from './validator.js';

const etsi = join(import.meta.dirname, '../../../../shared/specs/handover/etsi/103120/examples/xml');
const validator = new SchemaValidator();

describe.skipIf(!existsSync(etsi))('beside the samples of ETSI', () => {
  it('reads what is asked for by an authorisation and its task', () => {
    const bytes = readFileSync(join(etsi, 'request4.xml'));
    expect(validator.validate(bytes)).toEqual({ ok: true, value: undefined });
    const read = readRequest(bytes);
    expect(read).toMatchObject({
      value: {
        header: { sender: { uniqueIdentifier: 'ACTOR01' }, version: { etsi: 'V1.13.1' } },
        actions: [
          {
            kind: 'create',
            object: {
              ...{ kind: 'authorisation', reference: 'W000001', owner: 'ACTOR01', associated: [] },
              ...{ from: '2019-09-30T12:00:00Z', until: '2019-12-01T12:00:00Z', providers: [] },
            },
          },
          {
            kind: 'create',
            object: {
              ...{ kind: 'task', referenceKind: 'LDID', type: 'SubscriberData', categories: [] },
              reference: { kind: 'LDID', value: 'XX-ACTOR01-1234' },
              associated: ['7dbbc880-8750-4d3c-abe7-ea4a17646045'],
              selectors: [{ owner: 'ETSI', format: 'InternationalE164', value: '442079460223' }],
              destinations: [{ kind: 'IPv4Address', value: '192.0.2.0' }],
              provider: { countryCode: 'XX', uniqueIdentifier: 'ACTOR02' },
            },
          },
        ],
      },
    });
  });

  it.each([
    ['response1.xml', ['created', 'created']],
    ['response3.xml', ['created', 'updated']],
    ['response5.xml', undefined],
  ])('reads the answer %s', (name, kinds) => {
    const bytes = readFileSync(join(etsi, name));
    expect(validator.validate(bytes)).toEqual({ ok: true, value: undefined });
    const read = readMessage(bytes);
    expect(read.ok).toBe(true);
    if (!kinds || !read.ok || read.value.kind !== 'response') return;
    const { outcome } = read.value;
    expect(outcome.kind === 'actions' && outcome.actions.map(({ kind }) => kind)).toEqual(kinds);
  });

  it.each(['request5-Binary-Delivery.xml', 'request5-XML-Delivery.xml'])(
    'says what it does not do: %s',
    (name) => {
      expect(readRequest(readFileSync(join(etsi, name)))).toMatchObject({
        value: { actions: [{ kind: 'unsupported', what: 'DELIVER' }] },
      });
    },
  );
});

it('refuses what is no request by the code that says so', () => {
  for (const [text, code] of [
    ['<a', 3019],
    ['<!DOCTYPE a><a/>', 3019],
    ['<a/>', 3020],
    ['<HI1Message xmlns="http://uri.etsi.org/03120/common/2019/10/Core"/>', 3020],
  ] as const) {
    expect(readRequest(Buffer.from(text))).toMatchObject({ ok: false, error: { code } });
  }
});
