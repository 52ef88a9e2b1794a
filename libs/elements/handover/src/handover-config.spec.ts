import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { appConfigSchema, formatProblem, readConfig } from '@esinet/platform';
import { temporaryFolder } from '@esinet/testing';
import { expect, it } from 'vitest';
import { handoverConfigSchema, tokenDigest } from './handover-config.js';

const schema = appConfigSchema('handover', handoverConfigSchema);
const masterKey = 'ab'.repeat(32);

const problemsOf = (handover: object): string[] => {
  const read = readConfig(schema, JSON.stringify({ handover }), 'esinet.yaml');
  return read.ok ? [] : read.error.map(formatProblem);
};

it('needs a master key and nothing else; what is wrong is told with its place', () => {
  expect(problemsOf({ vault: { masterKey } })).toEqual([]);
  for (const [handover, word] of [
    [{}, 'vault'],
    [{ vault: { masterKey: 'short' } }, 'openssl rand -hex 32'],
    [{ vault: { masterKey }, objects: { url: 'http://a/' } }, 'https'],
    [{ vault: { masterKey }, objects: { url: 'https://a/objects' } }, 'slash'],
    [{ vault: { masterKey }, people: [{ name: 'ana', roles: [], tokenSha256: tokenDigest('t') }] }, 'roles'],
    [
      { vault: { masterKey }, people: [{ name: 'ana', roles: ['boss'], tokenSha256: tokenDigest('t') }] },
      'roles',
    ],
    [{ vault: { masterKey }, view: { kind: 'pull', url: 'http://psap/' } }, 'https'],
    [{ vault: { masterKey }, approvals: 1 }, 'approvals'],
  ] as const) {
    expect(problemsOf(handover).join('\n'), JSON.stringify(handover)).toContain(word);
  }
  const twice = ['ana', 'eva'].map((name) => ({ name, roles: ['auditor'], tokenSha256: tokenDigest('t') }));
  expect(problemsOf({ vault: { masterKey }, people: twice }).join('\n')).toContain('same token');
});

it('is understood as it stands in the component for Kubernetes', () => {
  const run = temporaryFolder('handover-run');
  writeFileSync(join(run, 'master-key'), `${masterKey}\n`);
  writeFileSync(join(run, 'view-password'), 'p\n');
  const file = join(import.meta.dirname, '../../../../deploy/k8s/components/handover/esinet.yaml');
  const text = readFileSync(file, 'utf8').replaceAll('/run/esinet/handover', run);
  const read = readConfig(schema, text, 'esinet.yaml');
  expect(read.ok ? [] : read.error.map(formatProblem)).toEqual([]);
});
