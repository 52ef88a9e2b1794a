import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { programPath, temporaryFolder } from '@esinet/testing';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { fileProblems } from './element-check.js';
import { elementNames } from './manifest.js';

const deploy = fileURLToPath(new URL('../../', import.meta.url));

interface Service {
  readonly image: string;
  readonly restart?: string;
  readonly read_only?: boolean;
  readonly user?: string;
  readonly cap_drop?: readonly string[];
  readonly mem_limit?: string;
  readonly stop_grace_period?: string;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly secrets?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly networks: readonly string[] | Readonly<Record<string, unknown>>;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly networks: Readonly<Record<string, { readonly internal?: boolean }>>;
  readonly volumes: Readonly<Record<string, unknown>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
}

const compose = parse(readFileSync(join(deploy, 'compose.yaml'), 'utf8'), { merge: true }) as Compose;
const services = Object.entries(compose.services);
const networksOf = ({ networks }: Service): readonly string[] =>
  Array.isArray(networks) ? (networks as readonly string[]) : Object.keys(networks);

describe('compose.yaml', () => {
  it('has the six elements and the three servers', () => {
    expect(services.map(([name]) => name)).toEqual([...elementNames, 'nats', 'redis', 'postgres']);
  });

  it('publishes ports of the border and the provider only', () => {
    expect(services.filter(([, { ports }]) => ports !== undefined).map(([name]) => name)).toEqual([
      'bcf',
      'provider',
    ]);
    for (const [name, service] of services)
      expect(networksOf(service).includes('outside'), name).toBe(service.ports !== undefined);
    expect(compose.networks['inside']?.internal).toBe(true);
  });

  for (const [name, service] of services) {
    it(`${name} starts again, is asked how it is, and can write its own folders only`, () => {
      expect(service.restart).toBe('unless-stopped');
      expect(service.healthcheck?.test[0]).toBe('CMD');
      expect(service.read_only).toBe(true);
      expect(service.cap_drop).toEqual(['ALL']);
      expect(Number(service.user?.split(':')[0])).toBeGreaterThan(0);
      expect(service.mem_limit).toBeDefined();
      expect(service.image).toMatch(/:\d[^:]*$/);
    });

    it(`${name} names what there is, and gives passwords by files`, () => {
      for (const network of networksOf(service)) expect(compose.networks).toHaveProperty(network);
      for (const secret of service.secrets ?? []) expect(compose.secrets).toHaveProperty([secret]);
      for (const volume of service.volumes ?? []) {
        const [from = ''] = volume.split(':');
        if (!from.startsWith('.')) expect(compose.volumes).toHaveProperty([from]);
      }
      for (const [dependency, { condition }] of Object.entries(service.depends_on ?? {})) {
        expect(compose.services).toHaveProperty(dependency);
        expect(condition).toBe('service_healthy');
      }
      for (const variable of Object.keys(service.environment ?? {}))
        if (/PASSWORD|SECRET/.test(variable)) expect(variable).toMatch(/_FILE$/);
    });
  }

  it('has a configuration that every element understands', () => {
    const folder = temporaryFolder();
    const text = readFileSync(join(deploy, 'compose/esinet.yaml'), 'utf8');
    mkdirSync(join(folder, 'secrets'));
    for (const name of Object.keys(compose.secrets))
      writeFileSync(join(folder, 'secrets', name), 'a'.repeat(32));
    writeFileSync(join(folder, 'secrets', 'nkey-seed'), `SU${'A'.repeat(56)}\n`);
    expect(fileProblems(text.replaceAll('/run/secrets/', `${folder}/secrets/`), 'esinet.yaml')).toEqual([]);
    expect(text).not.toMatch(/^\s*(password|secret|nkeySeed):/m);
  });

  const docker = programPath('docker-compose');
  it.skipIf(docker === undefined)('is understood by compose', () => {
    const said = execFileSync(docker ?? '', ['-f', join(deploy, 'compose.yaml'), 'config', '-q'], {
      encoding: 'utf8',
      env: { ADVERTISE: 'sip.example.org' },
    });
    expect(said).toBe('');
  });
});
