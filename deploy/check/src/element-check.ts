import { esinetConfigSchema } from '@esinet/app-esinet';
import { type LoadOptions, commonShape, formatProblem, readConfig } from '@esinet/platform';
import { parse, stringify } from 'yaml';
import { configTextOf, variablesOf } from './element-config.js';
import { type Manifest, workloads } from './manifest.js';

/** What Kubernetes puts in the place of `$(NAME)`: of the pod, and of services. */
const ofThePod: Readonly<Record<string, string>> = {
  POD_IP: '10.244.1.7',
  POD_NAME: 'psap-0',
  BCF_PUBLIC_SERVICE_HOST: '10.96.0.12',
  PROVIDER_SERVICE_HOST: '10.96.0.13',
};

const expanded = (text: string, variables: Readonly<Record<string, string>>): string =>
  text.replace(/\$\(([A-Z_]+)\)/g, (whole, name: string) => variables[name] ?? whole);

/**
 * What is wrong with the configuration that the pod of an element would be started with: its ConfigMap, variables and
 * arguments, by the schemas of the elements. `run`: the folder that stands for /run/esinet.
 */
export function configProblems(manifests: readonly Manifest[], element: string, run: string): string[] {
  const text = configTextOf(manifests, element);
  const workload = workloads(manifests).find(({ name }) => name === element);
  if (text === undefined || !workload) return [`${element} has no esinet.yaml`];
  const all = variablesOf(manifests, element);
  const variables = Object.fromEntries(
    Object.entries(all).filter(([name]) => name.startsWith('ESINET__') && isKnown(name)),
  );
  const flags: Record<string, string> = {};
  const args = workload.containers[0]?.args ?? [];
  for (const [i, arg] of args.entries()) {
    if (args[i - 1] !== '--set') continue;
    const given = expanded(arg, { ...all, ...ofThePod });
    flags[given.slice(0, given.indexOf('='))] = given.slice(given.indexOf('=') + 1);
  }
  return fileProblems(text.replaceAll('/run/esinet/', `${run}/`), `${element}.yaml`, { flags, variables });
}

/** What the elements have against a configuration file, in the words of their start. */
export function fileProblems(
  text: string,
  file: string,
  { flags = {}, variables = {} }: LoadOptions = {},
): string[] {
  const loaded = readConfig(esinetConfigSchema, known(text), file, { flags, variables });
  return loaded.ok ? [] : loaded.error.map(formatProblem);
}

const shape = commonShape() as Readonly<Record<string, { safeParse(value: unknown): { success: boolean } }>>;

/** Keys that this build does not have yet, as their adapters are built apart from it: not looked at. */
const notBuilt = ['bus', 'store', 'records', 'sip', 'drain'].filter((key) => {
  const samples: Readonly<Record<string, unknown>> = {
    bus: { kind: 'nats', servers: ['nats://n:4222'] },
    store: { kind: 'redis', url: 'redis://r:6379' },
    records: { kind: 'postgres', url: 'postgres://esinet@p:5432/esinet' },
    sip: {},
    drain: {},
  };
  return !shape[key]?.safeParse(samples[key]).success;
});

function known(text: string): string {
  const config = parse(text) as Record<string, unknown>;
  return stringify(Object.fromEntries(Object.entries(config).filter(([key]) => !notBuilt.includes(key))));
}

const isKnown = (variable: string): boolean =>
  !notBuilt.includes(variable.split('__')[1]?.toLowerCase() ?? '');
