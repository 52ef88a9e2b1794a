import { randomBytes } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { LevelRecords, MemoryRecords } from '@esinet/platform';
import { temporaryFolder } from '@esinet/testing';
import { expect, it } from 'vitest';
import type { HandoverCase } from '../model.js';
import { CaseKeys } from './case-keys.js';
import { CaseVault } from './case-vault.js';

const master = randomBytes(32);
const canary = 'tel:+34600999777';

const example: HandoverCase = {
  id: 'case-1',
  authorisation: {
    reference: { kind: 'LDID', value: 'ES-PJ-42' },
    ...{ authority: 'pj', legalReference: 'order 42', includeTests: false, reviewBatches: false },
    selectors: [{ kind: 'uri', value: canary }],
    categories: ['content'],
    range: { from: '2026-03-04T00:00:00Z', until: '2026-03-05T00:00:00Z' },
    validity: { from: '2026-03-06T00:00:00Z', until: '2026-03-20T00:00:00Z' },
  },
  hash: { algorithm: 'sha-256', construct: 'salt-prefix', salt: 'abcdef'.repeat(8), digest: 'bb' },
  ...{ phase: 'requested', createdBy: 'clara', createdAt: '2026-03-06T09:00:00Z', approvals: [], seals: [] },
};

it('keeps cases and octets, and gives them back after a restart', async () => {
  const folder = temporaryFolder('vault');
  const records = new MemoryRecords();
  const vault = new CaseVault(records, await CaseKeys.open(folder, master));
  await vault.create(example);
  const octets = randomBytes(2_500_000);
  await vault.store('case-1', 'object-1', octets);
  await vault.store('case-1', 'empty', Buffer.alloc(0));
  const again = new CaseVault(records, await CaseKeys.open(folder, master));
  expect(await again.get('case-1')).toEqual(example);
  expect((await again.load('case-1', 'object-1'))?.equals(octets)).toBe(true);
  expect(await again.load('case-1', 'empty')).toEqual(Buffer.alloc(0));
  expect(await again.load('case-1', 'none')).toBeUndefined();
  expect(await again.heads()).toMatchObject([{ id: 'case-1', phase: 'requested', reference: 'ES-PJ-42' }]);
});

it(
  'has nothing of a case in its files, before and after the key is destroyed',
  { meta: { clause: 'TS 103 707 D.3.1', shall: ['707:D.3-1', '707:D.4-2', '707:7-6', '707:7-7'] } },
  async () => {
    const folder = temporaryFolder('vault');
    const records = await LevelRecords.open(join(folder, 'records'));
    const keys = await CaseKeys.open(join(folder, 'keys'), master);
    const vault = new CaseVault(records, keys);
    await vault.create(example);
    await vault.store('case-1', 'document', Buffer.from(`<x>${canary}</x>`));
    await vault.destroy({ ...example, phase: 'closed' });
    expect(await vault.get('case-1')).toBeUndefined();
    await expect(vault.load('case-1', 'document')).rejects.toThrow('destroyed');
    expect(await vault.heads()).toMatchObject([{ id: 'case-1', phase: 'closed' }]);
    await records.close();
    expect(readdirSync(join(folder, 'keys'))).toEqual([]);
    for (const name of readdirSync(join(folder, 'records'))) {
      const file = readFileSync(join(folder, 'records', name)).toString('latin1');
      expect(file, name).not.toContain('600999777');
      expect(file, name).not.toContain('abcdefabcdef');
    }
  },
);

it('does not take octets of one case for those of another, nor a wrong master key', async () => {
  const folder = temporaryFolder('vault');
  const keys = await CaseKeys.open(folder, master);
  await keys.create('a');
  await keys.create('b');
  const sealed = await keys.encrypt('a', Buffer.from('words'));
  await expect(keys.decrypt('b', sealed)).rejects.toThrow();
  sealed[14] = (sealed[14] ?? 0) ^ 1;
  await expect(keys.decrypt('a', sealed)).rejects.toThrow();
  const strange = await CaseKeys.open(folder, randomBytes(32));
  await expect(strange.encrypt('a', Buffer.from('words'))).rejects.toThrow();
  await expect(CaseKeys.open(folder, randomBytes(16))).rejects.toThrow('32 octets');
});
