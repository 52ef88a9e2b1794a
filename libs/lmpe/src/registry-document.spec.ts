import { describe, expect, it } from 'vitest';
import { isEmergencyService } from './emergency-service.js';
import { readIdentifiers } from './identifiers.js';
import { MessageType } from './registry.js';
import { parameterRegistry, registryMarkdown } from './registry-document.js';

describe('the parameter registries', () => {
  it('are printed as the code has them', { meta: { clause: 'TS 103 698 C.0' } }, async () => {
    await expect(registryMarkdown()).toMatchFileSnapshot('../../../docs/registry.md');
  });

  it('hold every message type, and every form that is read', { meta: { clause: 'TS 103 698 C.0' } }, () => {
    const { messageTypes, identifiers, testServices } = parameterRegistry();
    expect(messageTypes.map((t) => t.value)).toEqual(Object.values(MessageType));
    for (const { name, prefixes, purposes } of identifiers) {
      const rest = name === 'messageId' || name === 'messageType' ? '259:x.lab' : 'a123456789b:x.lab';
      for (const prefix of prefixes) {
        for (const purpose of purposes) {
          const read = readIdentifiers([`<${prefix}${rest}>;purpose=${purpose}`]);
          expect(read[name]).toBeDefined();
          expect(read.problems).toEqual([]);
        }
      }
    }
    for (const { example } of testServices) expect(isEmergencyService(example)?.test).toBe(true);
  });

  it('can be given out as JSON', { meta: { clause: 'TS 103 698 C.0' } }, () => {
    const registry = parameterRegistry();
    expect(JSON.parse(JSON.stringify(registry))).toEqual(registry);
    expect(registry.messageTypes.find((t) => t.name === 'in-chat')?.bits).toBe('0000000100000011');
  });
});
