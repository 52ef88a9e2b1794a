import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import { messageOf } from '@esinet/kernel';
import { z } from 'zod';
import type { Fetched } from './object-fetcher.js';
import type { Received, Report } from './report.js';
import { type TaskWish, wishSchema } from './task-text.js';

/** What people and tests may do with a simulator. */
export interface ControlPorts {
  readonly received: () => Received;
  readonly report: () => Report;
  /** A sentence where one of them is no fault. */
  readonly order: (faults: readonly string[]) => string | undefined;
  readonly clear: () => void;
  readonly waiting: () => readonly string[];
  /** Fetches objects of Model A now: those that are missing, or of all of them, with our or another certificate. */
  readonly fetch: (o: z.infer<typeof fetchSchema>) => Promise<readonly Fetched[]>;
  /** The text of a request of ours. */
  readonly task: (wish: TaskWish) => string;
  /** Sends an HI1 message of ours to the provider. */
  readonly send: (url: string, body: Buffer) => Promise<{ readonly status: number; readonly body: string }>;
}

const faultsSchema = z.strictObject({
  next: z.array(z.string()).max(10_000).default([]),
  /** First forget those that still wait. */
  clear: z.boolean().default(false),
});

export const fetchSchema = z.strictObject({
  /** This one only. */
  url: z.string().optional(),
  /** Those that are here too. */
  again: z.boolean().default(false),
  /** Name of another certificate of the folder: what we must not get with it. */
  as: z.string().optional(),
});

const mostBody = 8 * 1_048_576;

/** Plain HTTP on the loopback interface. Errors are `{ "error": sentence }` with a status. */
export function controlFront(ports: ControlPorts): Server {
  return createServer((request, response) => {
    void answer(request, response, ports).catch((error: unknown) => {
      json(response, 500, { error: messageOf(error) });
    });
  });
}

async function answer(request: IncomingMessage, response: ServerResponse, o: ControlPorts): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://control');
  const what = `${request.method} ${url.pathname}`;
  if (what === 'GET /received') return json(response, 200, o.received());
  if (what === 'GET /report') return json(response, 200, o.report());
  if (what === 'GET /faults') return json(response, 200, { next: o.waiting() });
  const body = await bodyOf(request);
  if (body === undefined) return json(response, 413, { error: `more than ${mostBody} octets` });
  if (what === 'POST /faults') {
    const read = readJson(body, faultsSchema);
    if (typeof read === 'string') return json(response, 400, { error: read });
    if (read.clear) o.clear();
    const problem = o.order(read.next);
    if (problem !== undefined) return json(response, 400, { error: problem });
    return json(response, 200, { next: o.waiting() });
  }
  if (what === 'POST /fetch') {
    const read = readJson(body, fetchSchema);
    if (typeof read === 'string') return json(response, 400, { error: read });
    return json(response, 200, { fetched: await o.fetch(read) });
  }
  if (what === 'POST /task') {
    const read = readJson(body, wishSchema);
    if (typeof read === 'string') return json(response, 400, { error: read });
    const xml = o.task(read);
    if (read.to === undefined) return text(response, xml);
    if (!URL.canParse(read.to)) return json(response, 400, { error: 'to has to be a URL' });
    return json(response, 200, { ...(await o.send(read.to, Buffer.from(xml))), sent: xml });
  }
  if (what === 'POST /send') {
    const to = url.searchParams.get('to') ?? '';
    if (!URL.canParse(to)) return json(response, 400, { error: 'to= has to be a URL' });
    return json(response, 200, await o.send(to, body));
  }
  json(response, 404, {
    error: 'GET /received, /report, /faults; POST /faults, /fetch, /task, /send?to=URL',
  });
}

async function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > mostBody) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function readJson<T>(body: Buffer, schema: z.ZodType<T>): T | string {
  let value: unknown;
  try {
    value = body.length === 0 ? {} : JSON.parse(body.toString('utf8'));
  } catch {
    return 'expected JSON';
  }
  const read = schema.safeParse(value);
  return read.success ? read.data : z.prettifyError(read.error);
}

function json(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(`${JSON.stringify(value)}\n`);
}

function text(response: ServerResponse, xml: string): void {
  response.writeHead(200, { 'Content-Type': 'text/xml; charset=utf-8' }).end(xml);
}
