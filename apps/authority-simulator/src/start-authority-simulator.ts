import { type EndpointId, SchemaValidator, unspecified } from '@esinet/handover';
import { httpExchange, systemClock } from '@esinet/kernel';
import { loadTls } from '@esinet/platform/pki';
import type { z } from 'zod';
import type { Agreement } from './agreement.js';
import { AuthorityDesk } from './authority-desk.js';
import { controlFront } from './control.js';
import { Evidence } from './evidence.js';
import { Faults } from './faults.js';
import { hi1Front } from './hi1-front.js';
import { Intake, type SimulatorEvent } from './intake.js';
import { type FetchSettings, type Fetched, ObjectFetcher, defaultFetchSettings } from './object-fetcher.js';
import { type Received, type Report, receivedOf, reportOf } from './report.js';
import { agentOf, closed, fingerprintOf, listening, providerOf } from './sockets.js';
import { taskText, wishSchema } from './task-text.js';

export interface SimulatorOptions {
  /** 0: any free one. */
  readonly port: number;
  readonly controlPort: number;
  readonly host?: string;
  /** Folder of certificates: ours is `authority-simulator`, the provider's `handover` unless named otherwise. */
  readonly pki: string;
  readonly certificate?: string;
  /** Whose certificate may deliver; `any` for every one of the authority in the folder. */
  readonly provider?: string;
  /** What came is kept in `received/` of this folder. */
  readonly data: string;
  readonly specification?: Agreement['specification'];
  readonly model?: Agreement['model'];
  readonly maxBytes?: number;
  /** Another schema than that of the product: ETSI's own files. */
  readonly schema?: string;
  readonly fetch?: Partial<FetchSettings>;
  readonly onEvent?: (event: SimulatorEvent) => void;
}

export interface AuthoritySimulator {
  readonly port: number;
  readonly controlPort: number;
  /** Where documents go. */
  readonly deliveryUrl: string;
  /** Model B: what URLs of objects begin with. */
  readonly objectsUrl: string;
  /** SHA-256 of our certificate, small hexadecimal digits. */
  readonly fingerprint: string;
  received(): Received;
  report(): Report;
  /** @throws Error where one of them is no fault */
  order(...faults: readonly string[]): void;
  fetch(o?: {
    readonly url?: string | undefined;
    readonly again?: boolean | undefined;
    /** Name of another certificate of the folder. */
    readonly as?: string | undefined;
  }): Promise<readonly Fetched[]>;
  /** The text of an HI1Message that asks for records. */
  task(wish: z.input<typeof wishSchema>): string;
  send(url: string, body: Buffer): Promise<{ readonly status: number; readonly body: string }>;
  close(): Promise<void>;
}

const name: EndpointId = { countryCode: unspecified.country, uniqueIdentifier: unspecified.endpoint };
const sendTimeoutMs = 10_000;

/**
 * An authority that receives hand-overs of TS 103 707, with every failure on demand. For tests and for the lab: what it
 * keeps is not encrypted.
 *
 * @throws PkiError, or Error where a port, the folder or the schema cannot be used
 */
export async function startAuthoritySimulator(o: SimulatorOptions): Promise<AuthoritySimulator> {
  const host = o.host ?? '127.0.0.1';
  const tls = await loadTls(o.pki, o.certificate ?? 'authority-simulator');
  const evidence = await Evidence.open(o.data, () => systemClock.wall());
  const validator = new SchemaValidator(o.schema);
  const happened = (event: SimulatorEvent): void => o.onEvent?.(event);
  const model = o.model ?? 'A';
  const agreement = {
    ...{ specification: o.specification ?? '1.5.1', model, objectsUrl: '' },
    maxBytes: o.maxBytes ?? 1_048_576,
  };
  const desk = new AuthorityDesk({
    ...{ agreement, name, clock: systemClock, validate: (bytes) => validator.validate(bytes) },
  });
  const intake = new Intake({ desk, evidence, happened: (event) => heard(event) });
  const faults = new Faults();
  const fetcher = new ObjectFetcher({
    ...{ agent: agentOf(tls), objects: desk.objects, intake, clock: systemClock, happened },
    settings: { ...defaultFetchSettings, ...o.fetch },
  });
  const heard = (event: SimulatorEvent): void => {
    if (event.kind === 'document' && model === 'A') fetcher.start(event.reception.announced);
    happened(event);
  };
  const front = hi1Front({
    tls,
    desk,
    intake,
    faults,
    happened,
    isProvider: providerOf(o.pki, o.provider ?? 'handover'),
  });
  const control = controlFront({
    ...{ received: () => receivedOf(intake, desk), report: () => reportOf(intake, desk, faults) },
    order: (texts) => {
      const ordered = faults.order(texts);
      return ordered.ok ? undefined : ordered.error;
    },
    ...{ clear: () => faults.clear(), waiting: () => faults.waiting },
    ...{ fetch: (asked) => fetch(asked), send: (url, body) => send(url, body) },
    task: (wish) => task(wish),
  });
  const fetch: AuthoritySimulator['fetch'] = async ({ url, again, as } = {}) => {
    const agent = as === undefined ? undefined : agentOf(await loadTls(o.pki, as));
    const all = again === true || as !== undefined || url !== undefined;
    const objects = all ? desk.objects.all() : desk.objects.missing();
    const wanted = url === undefined ? objects : objects.filter((object) => object.url === url);
    const fetched: Fetched[] = [];
    for (const object of wanted) fetched.push(await fetcher.fetch(object, agent));
    agent?.destroy();
    return fetched;
  };
  const task: AuthoritySimulator['task'] = (wish) =>
    taskText(wishSchema.parse(wish), {
      deliveryUrl: agreement.objectsUrl.replace(/objects\/$/, 'hi1'),
      wallMs: systemClock.wall(),
    });
  const send: AuthoritySimulator['send'] = async (url, body) => {
    const agent = agentOf(tls);
    const headers = { 'Content-Type': 'text/xml; charset=utf-8' };
    const limits = { timeoutMs: sendTimeoutMs, maxBytes: 8 * 1_048_576 };
    const answer = await httpExchange({ method: 'POST', url, body, headers, agent, ...limits });
    agent.destroy();
    return answer.ok
      ? { status: answer.value.status, body: answer.value.body.toString('utf8') }
      : { status: 0, body: answer.error.message };
  };
  try {
    const port = await listening(front, o.port, host);
    const base = `https://${host}:${port}`;
    // The port is known now, and nobody has asked before.
    agreement.objectsUrl = `${base}/objects/`;
    await intake.restore();
    if (model === 'A') fetcher.start(desk.objects.missing());
    const controlPort = await listening(control, o.controlPort, '127.0.0.1');
    return {
      ...{ port, controlPort, deliveryUrl: `${base}/hi1`, objectsUrl: `${base}/objects/` },
      fingerprint: fingerprintOf(tls.cert),
      received: () => receivedOf(intake, desk),
      report: () => reportOf(intake, desk, faults),
      order: (...texts) => {
        const ordered = faults.order(texts);
        if (!ordered.ok) throw new Error(ordered.error);
      },
      ...{ fetch, task, send },
      close: async () => {
        fetcher.close();
        await Promise.all([closed(front), closed(control)]);
        validator.dispose();
      },
    };
  } catch (error) {
    fetcher.close();
    await Promise.all([closed(front), closed(control)]);
    throw error;
  }
}
