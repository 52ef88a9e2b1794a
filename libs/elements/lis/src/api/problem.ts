import type { FastResponse } from '@esinet/platform';

/** What can go wrong, by the code a program may rely on. */
export const problems = {
  'bad-request': [
    400,
    'Bad request',
    'The path, the query or the body is not as described. `errors` names the places.',
  ],
  'not-allowed': [403, 'Not allowed', 'The requester is none of `lis.provisioners`.'],
  'not-found': [404, 'Not found', 'There is no such device, location URI or path.'],
  'method-not-allowed': [405, 'Method not allowed', 'The path has other methods. `allow` names them.'],
  'identifier-taken': [409, 'Identifier taken', 'Another device has one of the identifiers (RFC 6155 2.1).'],
  'too-long': [413, 'Too long', 'The body, or all of a load, is longer than its limit.'],
  'unsupported-media-type': [
    415,
    'Unsupported media type',
    'A device is `application/json`; a load is `application/x-ndjson` or `text/csv`.',
  ],
  'outside-area': [422, 'Outside of the area', 'The position is outside of `lis.area`.'],
  'load-refused': [
    422,
    'Load refused',
    'Some of it cannot be used, so nothing was changed. `errors` names the lines.',
  ],
  busy: [503, 'Busy', 'Another load is being read.'],
  'not-stored': [
    503,
    'Cannot be kept',
    'The records cannot be written now: what was known before stays in force. `/readyz` says why.',
  ],
  'too-many-devices': [507, 'Too many devices', 'There are as many as `lis.maxDevices`.'],
  internal: [500, 'Internal error', 'A mistake of this program. The log says more.'],
} as const satisfies Readonly<Record<string, readonly [number, string, string]>>;

export type ProblemCode = keyof typeof problems;

/** One place in what was sent, or one line of a load. */
export interface ProblemPlace {
  /** Of a load, from 1. */
  readonly line?: number;
  readonly code?: string;
  /** `shape.position.1` */
  readonly path: string;
  readonly message: string;
}

/** RFC 9457 as `application/problem+json`. */
export function problemBody(code: ProblemCode, detail: string, more: object = {}): Record<string, unknown> {
  const [status, title] = problems[code];
  return { type: `/api/problems#${code}`, title, status, detail, code, ...more };
}

export const PROBLEM_TYPE = 'application/problem+json';

export function problem(
  code: ProblemCode,
  detail: string,
  more: {
    readonly errors?: readonly ProblemPlace[];
    readonly headers?: Readonly<Record<string, string>>;
  } = {},
): FastResponse {
  const { errors, headers } = more;
  return {
    status: problems[code][0],
    headers: { 'content-type': PROBLEM_TYPE, 'cache-control': 'no-store', ...headers },
    body: JSON.stringify(problemBody(code, detail, errors ? { errors } : {})),
  };
}
