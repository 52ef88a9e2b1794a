import { describe, expect, it } from 'vitest';
import { maxStateBytes, readState, readStateBody } from './read-state.js';
import type { StateKind } from './state-packages.js';

const queue = { queueUri: 'sip:madrid@psap.example', queueLength: 2, queueMaxLength: 50, state: 'Active' };
const service = {
  service: { name: 'PSAP', domain: 'psap.example' },
  serviceState: { state: 'Partial', reason: 'few seats' },
  securityPosture: { posture: 'Red' },
};

describe('a state is read in the forms in use', () => {
  const element = { elementId: 'psap.example', state: 'Normal' };
  const forms: [string, StateKind, unknown, object][] = [
    ['an element, flat', 'element', element, element],
    [
      'an element, wrapped',
      'element',
      { elementState: { elementDomain: 'psap.example', state: 'Overloaded', reason: 'many calls' } },
      { elementId: 'psap.example', state: 'Overloaded', reason: 'many calls' },
    ],
    [
      'an element in two parts',
      'element',
      { elementId: 'a.example', elementState: { state: 'Down' } },
      { elementId: 'a.example', state: 'Down' },
    ],
    ['a service', 'service', service, service],
    [
      'a service, flat',
      'service',
      { name: 'PSAP', domain: 'psap.example', state: 'Partial', reason: 'few seats', posture: 'red' },
      service,
    ],
    [
      'a service of a name and a word',
      'service',
      { service: 'PSAP', domain: 'psap.example', serviceState: 'unstaffed', securityPosture: 'Yellow' },
      {
        service: { name: 'PSAP', domain: 'psap.example' },
        serviceState: { state: 'Unstaffed' },
        securityPosture: { posture: 'Yellow' },
      },
    ],
    ['a queue', 'queue', queue, queue],
    ['a queue, wrapped', 'queue', { queueState: queue }, queue],
    [
      'a queue in lower case with short names',
      'queue',
      { uri: queue.queueUri, length: 2, max: '50', state: 'active' },
      queue,
    ],
  ];
  for (const [name, kind, given, read] of forms) {
    it(name, () => expect(readState(kind, given)).toEqual({ ok: true, value: read }));
  }

  it('members that are not known are left behind', () => {
    const given = JSON.parse(
      `{"__proto__":{"state":"Down"},"elementId":"a.example","state":"Normal","owner":"somebody","reason":7}`,
    ) as unknown;
    expect(readState('element', given)).toEqual({
      ok: true,
      value: { elementId: 'a.example', state: 'Normal' },
    });
  });

  it('what is not said again is known from the question', () => {
    const asked = { elementId: 'a.example', name: 'PSAP', domain: 'a.example', queueUri: queue.queueUri };
    expect(readState('element', { state: 'Normal' }, asked).ok).toBe(true);
    expect(readState('service', { serviceState: { state: 'Down' } }, asked)).toMatchObject({
      value: { service: { name: 'PSAP', domain: 'a.example' } },
    });
    expect(readState('queue', { state: 'Full' }, asked)).toMatchObject({
      value: { queueUri: queue.queueUri },
    });
  });

  it('an unknown posture does not cost the state', () => {
    expect(readState('service', { ...service, securityPosture: { posture: 'Plaid' } })).toMatchObject({
      ok: true,
      value: { serviceState: { state: 'Partial' } },
    });
  });
});

describe('what tells no state is told apart', () => {
  const bad: [string, StateKind, string, string][] = [
    ['no JSON', 'queue', '{"queueUri":', 'no-json'],
    ['a list', 'queue', '[]', 'no-object'],
    ['nothing', 'queue', 'null', 'no-object'],
    ['no name', 'queue', '{"state":"Active"}', 'no-name'],
    ['an empty name', 'element', '{"elementId":" ","state":"Normal"}', 'no-name'],
    ['a name with a line break', 'element', String.raw`{"elementId":"a\r\nb","state":"Normal"}`, 'no-name'],
    ['a name without end', 'element', `{"elementId":"${'a'.repeat(600)}","state":"Normal"}`, 'no-name'],
    ['no state', 'queue', '{"queueUri":"sip:a@b"}', 'bad-state'],
    ['a state of something else', 'element', '{"elementId":"a","state":"Full"}', 'bad-state'],
    [
      'a word that only subscribers use',
      'queue',
      '{"queueUri":"sip:a@b","state":"Unreachable"}',
      'unreachable',
    ],
    ['too much', 'queue', ' '.repeat(maxStateBytes + 1), 'too-long'],
    ['deep', 'queue', '['.repeat(8_000), 'no-json'],
  ];
  for (const [name, kind, body, flaw] of bad) {
    it(name, () => expect(readStateBody(kind, Buffer.from(body))).toEqual({ ok: false, error: flaw }));
  }

  it('numbers that are none are 0, and a long reason is cut', () => {
    expect(readState('queue', { ...queue, queueLength: -1, queueMaxLength: 1e300 })).toMatchObject({
      value: { queueLength: 0, queueMaxLength: 0 },
    });
    const read = readState('element', { elementId: 'a', state: 'Down', reason: `a\nb${'x'.repeat(1_000)}` });
    expect(read.ok && read.value.reason).toMatch(/^a bx{253}$/);
  });
});
