import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readMessage } from './read-message.js';

/** ETSI's own examples, which lie beside the repository where somebody has put them. */
const folder = join(import.meta.dirname, '../../../../shared/specs/handover/etsi/103120/examples/xml');
const names = existsSync(folder) ? readdirSync(folder).filter((name) => /^re.*\.xml$/.test(name)) : [];
if (names.length === 0) process.stdout.write(`SKIPPED: there are no samples of ETSI in ${folder}\n`);

const meta = { clause: ['TS 103 120 6.2', 'TS 103 120 6.4'] };

describe.skipIf(names.length === 0)('samples of ETSI', () => {
  it.each(names)('%s is read, or refused with its transaction for the answer', { meta }, (name) => {
    const bytes = readFileSync(join(folder, name));
    const id = /<TransactionIdentifier>([^<]+)</.exec(bytes.toString())?.[1];
    const read = readMessage(bytes);
    const header = read.ok ? read.value.header : read.error.header;
    expect(header?.transactionId).toBe(id);
    expect(header?.sender.uniqueIdentifier).toMatch(/^ACTOR0?\d$/);
    // Deliveries of something else are told from ours.
    if (!read.ok) expect(read.error.code).toBe(3020);
  });

  it('the answer to a delivery is one', { meta }, () => {
    expect(readMessage(readFileSync(join(folder, 'response5.xml')))).toMatchObject({
      ok: true,
      value: { kind: 'response', outcome: { kind: 'actions', actions: [{ action: 0, kind: 'delivered' }] } },
    });
  });
});
