import { Agent as HttpsAgent } from 'node:https';
import { type Result, err, httpExchange, ok } from '@esinet/kernel';
import type { TlsOptions } from '@esinet/platform';
import { z } from 'zod';
import type { BadActorsConfig } from './config.js';

/** What the border does about a source now. */
export interface BorderMeasure {
  readonly id: string;
  readonly action: string;
  /** RFC 3339 */
  readonly until: string;
}

export interface ReportRefusal {
  readonly code: 'unknown-source' | 'not-reported';
  readonly message: string;
}

const measureSchema = z.object({
  id: z.string(),
  action: z.string().max(64),
  until: z.string().max(64),
});

/** Octets of a border's answer. */
const maxAnswer = 16_384;

/** NENA i3 shape: the border does not know the source (any more). */
const unknownSource = 433;

/** Reports the source of a chat to the border that named it. Never rejects. */
export async function reportBadActor(
  source: string,
  config: BadActorsConfig,
  tls: TlsOptions | null,
): Promise<Result<BorderMeasure, ReportRefusal>> {
  const domain = source.slice(source.lastIndexOf('@') + 1).toLowerCase();
  const border = Object.hasOwn(config.borders, domain) ? config.borders[domain] : config.borders['*'];
  if (border === undefined)
    return err({ code: 'not-reported', message: 'no border of that domain is known' });
  const url = `${border.replace(/\/$/, '')}/BadActors`;
  const agent = url.startsWith('https:')
    ? new HttpsAgent({ minVersion: 'TLSv1.2', ...credentials(tls) })
    : undefined;
  const answer = await httpExchange({
    method: 'POST',
    url,
    headers: { 'Content-Type': 'text/plain' },
    body: source,
    timeoutMs: config.timeout,
    maxBytes: maxAnswer,
    ...(agent && { agent }),
  });
  agent?.destroy();
  if (!answer.ok)
    return err({ code: 'not-reported', message: `the border did not answer: ${answer.error.code}` });
  const { status, body } = answer.value;
  if (status === unknownSource)
    return err({ code: 'unknown-source', message: 'the border does not know the source any more' });
  if (status < 200 || status >= 300)
    return err({ code: 'not-reported', message: `the border answered ${status}` });
  const measure = measureSchema.safeParse(readJson(body));
  // Another border's answer may say less: it was taken all the same.
  return ok(measure.success ? measure.data : { id: source, action: 'unknown', until: '' });
}

function credentials(tls: TlsOptions | null): { ca?: string; cert?: string; key?: string } {
  if (!tls) return {};
  const { ca, cert, key } = tls;
  return {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  };
}

function readJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}
