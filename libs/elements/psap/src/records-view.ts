import {
  type FastHandler,
  type FastRequest,
  type FastResponse,
  LOGGER,
  METRICS,
  type Metrics,
  RECORDS,
  type Records,
  RecordsError,
  type SecureSide,
  type TlsOptions,
  hostSchema,
  portSchema,
} from '@esinet/platform';
import type { Logger } from '@esinet/kernel';
import { z } from 'zod';
import { collections } from './message-record.js';

/** What is offered to who hands records over: chats and their messages, and nothing else that is kept. */
export const offeredCollections: readonly string[] = [
  collections.chats,
  collections.byTime,
  collections.messages,
];

/** A listener of its own, off unless it is configured: records are pulled by who may, and pushed to nobody. */
export const recordsViewSchema = z.strictObject({
  host: hostSchema.default('127.0.0.1'),
  port: portSchema.default(15_093),
  /** Names in client certificates: `URI:sip:handover.esinet.lab`. */
  readers: z
    .array(z.string().regex(/^(?:URI|DNS):\S+$/, 'expected a name such as URI:sip:handover.esinet.lab'))
    .min(1),
});

export type RecordsViewConfig = z.infer<typeof recordsViewSchema>;

/** Octets of JSON after which a page ends, and records read at a time: messages carry attachments. */
const pageBytes = 8 * 1_048_576;
const atOnce = 25;
const mostRecords = 1_000;

const querySchema = z.strictObject({
  prefix: z.string().max(512).optional(),
  after: z.string().max(512).optional(),
  limit: z.coerce.number().int().min(1).max(mostRecords).default(mostRecords),
  reverse: z.enum(['true', 'false']).default('false'),
});

const path = '/records/';
const json = { 'content-type': 'application/json', 'cache-control': 'no-store' };

/** `GET /records/COLLECTION?key=KEY`: a value. `GET /records/COLLECTION?prefix=&after=&limit=&reverse=`: a page. */
export function recordsViewSide(o: RecordsViewConfig, tls: TlsOptions): SecureSide {
  return {
    ...{ host: o.host, port: o.port, tls, maxBodyBytes: 0, configKey: 'psap.recordsView.port' },
    routes: (get) => {
      const refused = get<Metrics>(METRICS).counter(
        'esinet_records_view_refused_total',
        'Requests for records by somebody who may not read them',
      );
      const records = get<Records>(RECORDS);
      const logger = get<Logger>(LOGGER);
      const answer: FastHandler = async (request) => {
        if (!request.clientNames.some((name) => o.readers.includes(name))) {
          refused.inc();
          return { status: 403 };
        }
        try {
          return await offered(records, request);
        } catch (error) {
          const reason = error instanceof RecordsError ? error.code : 'unknown';
          logger.error('records view failed', { reason });
          return { status: 503, headers: { 'retry-after': '1' } };
        }
      };
      return { [path]: answer };
    },
  };
}

/** Exported for its specs. @throws RecordsError */
export async function offered(
  records: Pick<Records, 'get' | 'list'>,
  request: Pick<FastRequest, 'method' | 'path' | 'query'>,
): Promise<FastResponse> {
  if (request.method !== 'GET') return { status: 405, headers: { allow: 'GET' } };
  const collection = request.path.slice(path.length);
  if (!offeredCollections.includes(collection)) return { status: 404 };
  const key = request.query.get('key');
  if (key !== null) {
    if (key === '' || key.length > 512) return { status: 400 };
    const value = await records.get(collection, key);
    return value === undefined
      ? { status: 404 }
      : { status: 200, headers: json, body: JSON.stringify(value) };
  }
  const query = querySchema.safeParse(Object.fromEntries(request.query));
  if (!query.success) return { status: 400 };
  const { prefix, limit } = query.data;
  const reverse = query.data.reverse === 'true';
  const texts: string[] = [];
  let after = query.data.after;
  let size = 0;
  let more = true;
  while (more && texts.length < limit && size < pageBytes) {
    const wanted = Math.min(atOnce, limit - texts.length);
    const found = await records.list(collection, {
      ...{ limit: wanted, reverse },
      ...(prefix !== undefined && { prefix }),
      ...(after !== undefined && { after }),
    });
    for (const record of found) {
      const text = JSON.stringify(record);
      size += text.length;
      texts.push(text);
    }
    after = found.at(-1)?.key ?? after;
    more = found.length === wanted;
  }
  return { status: 200, headers: json, body: `{"records":[${texts.join(',')}],"more":${String(more)}}` };
}
