import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { programPath, requireProgram, temporaryFolder } from '@esinet/testing';
import { afterAll, beforeAll, describe, expect, it as always } from 'vitest';
import { parse, stringify } from 'yaml';
import { configProblems } from './element-check.js';
import { kustomize } from './kustomize.js';
import { type Manifest, elementNames, ofKind } from './manifest.js';
import { metricNames, metricsIn } from './metric-names.js';
import { lint } from './rule.js';
import { airgapped, highlyAvailable, rules } from './rules.js';
import { typeErrors } from './typed-check.js';

const kubectl = requireProgram('kubectl');
const { it } = kubectl;
const root = fileURLToPath(new URL('../../..', import.meta.url));

const sets: Readonly<Record<string, readonly (typeof rules)[number][]>> = {
  lab: rules,
  ha: [...rules, ...highlyAvailable],
  airgap: [...rules, ...highlyAvailable, ...airgapped],
};
const rendered: Record<string, Manifest[]> = {};
let folder: string;
/** Stands for /run/esinet of every pod. */
let run: string;

beforeAll(() => {
  if (kubectl.path === '') return;
  folder = mkdtempSync(join(tmpdir(), 'esinet-overlays-'));
  // A copy: what the lab makes for itself stays out of the tree.
  cpSync(join(root, 'deploy/k8s'), join(folder, 'k8s'), {
    recursive: true,
    filter: (file) => !file.endsWith('generated'),
  });
  const made = join(folder, 'k8s/overlays/lab/generated');
  execFileSync(process.execPath, [join(root, 'deploy/k8s/lab-secrets.mjs'), made], { env: {} });
  for (const name of Object.keys(sets))
    rendered[name] = kustomize(kubectl.path, join(folder, 'k8s/overlays', name));
  run = join(folder, 'run');
  for (const [to, from] of [
    ['bus/nkey-seed', 'nkey-seed'],
    ['store/password', 'redis-password'],
    ['records/password', 'postgres-password'],
    ['shared/transaction-secret', 'transaction-secret'],
    ['shared/dialog-secret', 'dialog-secret'],
  ] as const) {
    mkdirSync(join(run, to, '..'), { recursive: true });
    cpSync(join(made, from), join(run, to));
  }
}, 120_000);

afterAll(() => {
  if (kubectl.path !== '') rmSync(folder, { recursive: true, force: true });
});

for (const [name, applied] of Object.entries(sets)) {
  describe(`overlay ${name}`, () => {
    const manifests = (): Manifest[] => rendered[name] ?? [];

    it('keeps to every rule', () => {
      expect(lint(applied, manifests())).toEqual([]);
    });

    it('has every element, each with a configuration it understands', () => {
      const problems = elementNames.flatMap((element) => configProblems(manifests(), element, run));
      expect(problems).toEqual([]);
    });

    it('would hear of a key that no element knows', () => {
      const wrong = structuredClone(manifests());
      const map = wrong.find(
        ({ kind, metadata }) => kind === 'ConfigMap' && metadata.name.startsWith('bcf-config'),
      );
      Object.assign(map?.data ?? {}, { 'esinet.yaml': 'bcf: { esrps: [] }\n' });
      expect(configProblems(wrong, 'bcf', run).join('\n')).toContain('esrps');
    });
  });
}

/** What the component brings: typed together with all the others, which is done once. */
const handover: Manifest[] = [];

describe('the component handover', () => {
  it('keeps to every rule beside the elements, and is in no overlay by itself', () => {
    for (const all of Object.values(rendered)) {
      expect(all.some(({ metadata }) => metadata.name.startsWith('handover'))).toBe(false);
    }
    const own = join(folder, 'k8s/overlays/with-handover');
    mkdirSync(own, { recursive: true });
    const image = {
      name: 'esinet-handover',
      newName: 'registry.esinet.lab/esinet-handover',
      newTag: '0.1.0',
    };
    const kustomization = {
      resources: ['../lab'],
      components: ['../../components/handover'],
      images: [image],
    };
    writeFileSync(join(own, 'kustomization.yaml'), stringify({ namespace: 'esinet', ...kustomization }));
    const all = kustomize(kubectl.path, own);
    expect(lint(rules, all)).toEqual([]);
    const clients = ofKind(all, 'NetworkPolicy').find(({ metadata }) => metadata.name === 'records-clients');
    expect(JSON.stringify(clients?.spec)).toContain('"handover"');
    handover.push(...all.filter(({ metadata }) => /handover/.test(metadata.name)));
  }, 120_000);
});

describe('every manifest', () => {
  it('is of the type of its kind, key by key; a misspelt key is found', () => {
    const all = Object.values(rendered).flat();
    expect(all.length).toBeGreaterThan(150);
    const [sample] = structuredClone(all.filter(({ kind }) => kind === 'Deployment'));
    const { spec } = (sample?.spec as { template: { spec: { containers: Record<string, unknown>[] } } })
      .template;
    Object.assign(spec.containers[0] ?? {}, { livenessProb: {} });
    const errors = typeErrors(
      [...all, ...handover, ...(sample ? [sample] : [])],
      root,
      join(folder, 'typed'),
    );
    expect(errors).toEqual([expect.stringContaining('"livenessProb"')]);
  }, 300_000);

  it('of a kind without types is one of the Prometheus operator, whole', () => {
    const [monitor] = ofKind(rendered['ha'] ?? [], 'ServiceMonitor');
    expect(monitor?.apiVersion).toBe('monitoring.coreos.com/v1');
    const { endpoints, selector } = monitor?.spec as {
      endpoints: { port: string; path: string }[];
      selector: { matchExpressions: { values: string[] }[] };
    };
    expect(endpoints.map(({ port, path }) => `${port} ${path}`)).toEqual(['http /metrics']);
    expect(selector.matchExpressions[0]?.values).toEqual([...elementNames]);
  });
});

interface PromRule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels?: Record<string, string>;
  readonly annotations?: Record<string, string>;
}

const monitoring = join(root, 'deploy/k8s/components/monitoring');
const groups = (): { name: string; rules: PromRule[] }[] =>
  (
    parse(readFileSync(join(monitoring, 'rules.yaml'), 'utf8')) as {
      spec: { groups: { name: string; rules: PromRule[] }[] };
    }
  ).spec.groups;

describe('what is watched', () => {
  always('names metrics that there are, in rules and dashboards', async () => {
    const known = await metricNames(root);
    const expressions = groups().flatMap(({ rules: all }) => all.map(({ expr }) => expr));
    const recorded = groups().flatMap(({ rules: all }) => all.flatMap(({ record }) => record ?? []));
    const dashboards = readdirSync(join(monitoring, 'dashboards'));
    expect(dashboards.length).toBeGreaterThan(1);
    for (const file of dashboards) {
      const board = JSON.parse(readFileSync(join(monitoring, 'dashboards', file), 'utf8')) as {
        uid: string;
        panels: { title: string; targets: { expr: string }[] }[];
      };
      expect(`${board.uid}.json`).toBe(file);
      expressions.push(...board.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)));
    }
    const unknown = expressions
      .flatMap((expr) => metricsIn(expr))
      .filter((metric) => metric !== 'up' && !known.has(metric) && !recorded.includes(metric));
    expect(unknown).toEqual([]);
    expect(metricsIn('rate(esinet_none_total{a="b"}[5m]) / up')).toEqual(['esinet_none_total', 'up']);
    expect(known.has('esinet_none_total')).toBe(false);
  });

  always('has a paragraph in the operator chapter for each alert', () => {
    const chapter = readFileSync(join(root, 'docs/deployment.md'), 'utf8');
    for (const { rules: all } of groups())
      for (const { alert, annotations, labels, for: lasting } of all) {
        if (alert === undefined) continue;
        expect(chapter, alert).toContain(`#### ${alert}\n`);
        expect(annotations?.['runbook_url'], alert).toMatch(
          new RegExp(`/docs/deployment\\.md#${alert.toLowerCase()}$`),
        );
        expect(annotations?.['summary'], alert).toBeTruthy();
        expect(['critical', 'warning'], alert).toContain(labels?.['severity']);
        expect(lasting, alert).toMatch(/^\d+[sm]$/);
      }
  });

  const promtool = programPath('promtool');
  always.skipIf(promtool === undefined)('is understood by Prometheus', () => {
    const file = join(temporaryFolder(), 'rules.yaml');
    writeFileSync(file, stringify({ groups: groups() }));
    expect(execFileSync(promtool ?? '', ['check', 'rules', file], { encoding: 'utf8', env: {} })).toContain(
      'SUCCESS',
    );
  });

  always('of the autoscaler is what a rule records', () => {
    const recorded = groups().flatMap(({ rules: all }) => all.flatMap(({ record }) => record ?? []));
    expect(recorded).toContain('esinet_sip_requests_per_second');
    expect(existsSync(join(monitoring, 'prometheus-adapter.yaml'))).toBe(true);
  });
});
