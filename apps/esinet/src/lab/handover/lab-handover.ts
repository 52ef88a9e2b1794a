import { createHash } from 'node:crypto';
import { existsSync, openSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Clock, type Logger, httpExchange, messageOf } from '@esinet/kernel';
import { fingerprintsOf } from '@esinet/platform';
import type { EsinetConfig } from '../../config.js';
import { ChildProgram } from './child-program.js';
import { type LabTokens, labMasterKey, labPeople, labTokens } from './lab-people.js';

/** Milliseconds until a program that was started answers. */
const startMs = 120_000;
const lookMs = 50;

/** What runs of it; `problem` says what does not. Everything else runs all the same. */
export interface StartedHandover {
  readonly desk: boolean;
  readonly simulator: boolean;
  readonly problem?: string;
}

export interface LabHandover {
  readonly started: Promise<StartedHandover>;
  close(): Promise<void>;
}

const nothing: StartedHandover = { desk: false, simulator: false };

/** The name of the certificate of the simulator, and its domain. */
export const simulatorLeaf = { name: 'authority-simulator', domain: 'authority.lab' };

/** The hand-over as a process of its own, with its own identity, and a simulator of an authority beside it. */
export function startLabHandover(
  config: EsinetConfig,
  o: {
    readonly pkiFolder: string;
    readonly logger: Logger;
    readonly clock: Clock;
    readonly progress: (line: string) => void;
  },
): LabHandover {
  const programs: ChildProgram[] = [];
  let closed = false;
  const run = async (): Promise<StartedHandover> => {
    const folder = resolve(config.data, 'handover');
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const tokens = await labTokens(folder);
    const file = join(folder, 'esinet.yaml');
    await writeFile(file, await childConfig(config, folder, tokens, o.pkiFolder), { mode: 0o600 });
    const { logger, clock } = o;
    const program = (name: string, main: string, args: readonly string[], output: number): ChildProgram => {
      const started = new ChildProgram({ name, file: main, args, output, logger, clock });
      programs.push(started);
      return started;
    };
    const main = mainOf('handover');
    if (main === undefined) return { ...nothing, problem: 'the hand-over is not part of this installation' };
    if (closed) return nothing;
    o.progress('Starting the hand-over, a process of its own …');
    const { http, simulator } = config.handover;
    const failed = await answers(program('handover', main, ['--config', file], 2), urlOf(http, '/readyz'), o);
    if (failed !== undefined) return { ...nothing, problem: `the hand-over does not run: ${failed}` };
    if (closed || !simulator.enabled) return { desk: true, simulator: false };
    const problem = await startSimulator(config, tokens, o, program);
    return { desk: true, simulator: problem === undefined, ...(problem !== undefined && { problem }) };
  };
  const started = run().catch((error: unknown) => ({
    ...{ ...nothing, problem: `the hand-over does not run: ${messageOf(error)}` },
  }));
  return {
    started,
    close: async () => {
      closed = true;
      await Promise.all(programs.map((program) => program.close()));
    },
  };
}

async function startSimulator(
  config: EsinetConfig,
  tokens: LabTokens,
  o: Parameters<typeof startLabHandover>[1],
  program: (name: string, main: string, args: readonly string[], output: number) => ChildProgram,
): Promise<string | undefined> {
  const main = mainOf('authority-simulator');
  if (main === undefined) return 'the simulator of an authority is not part of this installation';
  const { simulator } = config.handover;
  const folder = resolve(config.data, 'handover', 'simulator');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const args = [
    ...['--port', String(simulator.http.port), '--control', String(simulator.control.port)],
    ...['--pki', resolve(o.pkiFolder), '--data', folder],
  ];
  // It tells what came, which is somebody's record even in a lab: into its folder, not into the terminal.
  const log = openSync(join(folder, 'simulator.log'), 'a', 0o600);
  const running = program('authority-simulator', main, args, log);
  const failed = await answers(running, urlOf(simulator.control, '/received'), o);
  if (failed !== undefined) return `the simulator of an authority does not run: ${failed}`;
  return onboard(config, tokens, o.pkiFolder);
}

/** V1.5.1 with model A, unless somebody has agreed on something else with it before. */
async function onboard(config: EsinetConfig, tokens: LabTokens, pki: string): Promise<string | undefined> {
  const { http, simulator } = config.handover;
  const pem = await readFile(join(pki, `${simulatorLeaf.name}.cert.pem`), 'utf8');
  const certificates = fingerprintsOf(pem).slice(0, 1);
  const headers = { authorization: `Bearer ${tokens.admin}`, 'content-type': 'application/json' };
  const ask = (method: 'GET' | 'PUT', path: string, body?: object) =>
    httpExchange({
      ...{ method, url: urlOf(http, `/api/handover/authorities${path}`), headers, timeoutMs: 5_000 },
      ...{ maxBytes: 1_048_576, ...(body && { body: JSON.stringify(body) }) },
    });
  const listed = await ask('GET', '');
  const print = (certificates[0] ?? '').replaceAll(':', '').toLowerCase();
  if (listed.ok && listed.value.body.includes(print)) return undefined;
  const at = `https://${simulator.http.host}:${simulator.http.port}`;
  const put = await ask('PUT', '/lab', {
    name: 'Authority of the lab (simulator)',
    profile: {
      specification: '1.5.1',
      sender: { countryCode: 'XX', uniqueIdentifier: 'ESINET-LAB' },
    },
    ...{ deliveryUrl: `${at}/hi1`, objectsUrl: `${at}/objects/`, certificates },
  });
  if (put.ok && put.value.status === 200) return undefined;
  return `the simulator of an authority was not onboarded: ${put.ok ? put.value.status : put.error.code}`;
}

/** JSON is YAML too. */
async function childConfig(
  { handover, pki, log }: EsinetConfig,
  folder: string,
  tokens: LabTokens,
  pkiFolder: string,
): Promise<string> {
  const { http, public: outside, view } = handover;
  const people = Object.entries(labPeople).map(([name, roles]) => ({
    ...{ name, roles, tokenSha256: sha256(tokens[name as keyof typeof labPeople]) },
  }));
  const config = {
    data: folder,
    pki: {
      folder: resolve(pkiFolder),
      trust: pki.trust.map((file) => resolve(file)),
      crl: pki.crl.map((file) => resolve(file)),
    },
    log,
    handover: {
      ...{ http, public: outside, people },
      objects: { url: `https://${outside.host}:${outside.port}/objects/` },
      view: { kind: 'pull', url: `https://${view.host}:${view.port}/records/` },
      vault: { folder: join(folder, 'keys'), masterKeyFile: await labMasterKey(folder) },
    },
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}

/** Why it does not answer; undefined when it does. */
async function answers(
  program: ChildProgram,
  url: string,
  { clock }: { readonly clock: Clock },
): Promise<string | undefined> {
  const until = clock.now() + startMs;
  let ended: string | undefined;
  void program.ended().then((why) => (ended = why));
  while (ended === undefined && clock.now() < until) {
    const answer = await httpExchange({ method: 'GET', url, timeoutMs: 1_000, maxBytes: 10_000_000 });
    if (answer.ok && answer.value.status === 200) return undefined;
    await new Promise((look) => setTimeout(look, lookMs));
  }
  return ended ?? `no answer at ${url}`;
}

/** The built program of another app beside this one; undefined where only this one was installed. */
function mainOf(app: string): string | undefined {
  const file = fileURLToPath(new URL(`../../../../${app}/dist/main.js`, import.meta.url));
  return existsSync(file) ? file : undefined;
}

function urlOf({ host, port }: { readonly host: string; readonly port: number }, path: string): string {
  return `http://${host}:${port}${path}`;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
