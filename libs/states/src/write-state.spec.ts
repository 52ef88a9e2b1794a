import { expect, it } from 'vitest';
import { readStateBody } from './read-state.js';
import { type StateKind, type StateOf, unreachable } from './state-packages.js';
import { writeState } from './write-state.js';

const states: StateOf = {
  element: { elementId: 'psap.example', state: 'Overloaded', reason: 'many calls' },
  service: {
    service: { name: 'PSAP', serviceId: 'sip:madrid@psap.example', domain: 'psap.example' },
    serviceState: { state: 'MajorIncidentInProgress', reason: 'flood' },
    securityPosture: { posture: 'Orange' },
  },
  queue: { queueUri: 'sip:madrid@psap.example', queueLength: 2, queueMaxLength: 50, state: 'Full' },
};

it.each(Object.entries(states) as [StateKind, StateOf[StateKind]][])(
  'writes an %s as it is read, and nothing besides',
  (kind, state) => {
    const text = writeState(kind, Object.assign({ secret: 'caller' }, state)) ?? '';
    expect(text).not.toContain('secret');
    expect(readStateBody(kind, Buffer.from(text))).toEqual({ ok: true, value: state });
    // What a subscriber has concluded is not passed on.
    expect(writeState(kind, unreachable(kind, state))).toBeUndefined();
  },
);
