import type { IncomingMessage } from 'node:http';
import type { z } from 'zod';
import { Problem } from './problem.js';

/** The body as its schema has it. @throws Problem */
export function bodyOf<S extends z.ZodType>(
  schema: S,
  request: IncomingMessage & { body?: unknown },
): z.output<S> {
  const { body } = request;
  if (body === undefined && carriesOther(request)) {
    throw new Problem('unsupported-media-type', 'the body is not application/json');
  }
  return read(schema, body ?? {}, 'body');
}

/** The query as its schema has it. @throws Problem */
export function queryOf<S extends z.ZodType>(schema: S, query: unknown): z.output<S> {
  return read(schema, query, 'query');
}

/** One part of the path. @throws Problem */
export function pathOf<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  return read(schema, value, 'path');
}

function read<S extends z.ZodType>(schema: S, value: unknown, where: string): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const place = [where, ...(issue?.path ?? [])].join('.');
  throw new Problem('bad-request', `${place}: ${issue?.message ?? 'not as described'}`);
}

/** A body that the JSON parser left alone. */
function carriesOther({ headers }: IncomingMessage): boolean {
  const { 'content-length': length, 'transfer-encoding': coding } = headers;
  return coding !== undefined || (length !== undefined && Number(length) > 0);
}
