import type { FastResponse } from '@esinet/platform';

/** What can go wrong at the desk, by the code a program may rely on. */
export const problems = {
  'bad-request': [400, 'Bad request', 'The query or the body cannot be read.'],
  unauthenticated: [401, 'Who is it', 'There is no bearer token, or none of `handover.people`.'],
  'not-allowed': [403, 'Not allowed', 'The person does not have the role for it.'],
  'not-found': [404, 'Not found', 'There is no such case, authority, document or path.'],
  'method-not-allowed': [405, 'Method not allowed', 'The path has other methods. `allow` names them.'],
  refused: [409, 'Not possible now', 'The state of the case does not allow it. `refusal` says why.'],
  'unsupported-media-type': [
    415,
    'Unsupported media type',
    'Bodies are `application/json`; a task is `text/xml`.',
  ],
  'not-granted': [
    422,
    'Cannot be granted',
    'Something in it is not as it has to be. `problems` names the members.',
  ],
  'not-supported': [501, 'Not supported', 'This program does not do that.'],
  'not-stored': [503, 'Not available', 'Records cannot be written or read now. `/readyz` says why.'],
} as const satisfies Readonly<Record<string, readonly [number, string, string]>>;

export type ProblemCode = keyof typeof problems;

/** What is wrong with which member of a request; never what was there. */
export interface MemberProblem {
  readonly member: string;
  readonly problem: string;
}

export const problemType = 'application/problem+json';

/** RFC 9457. */
export function problem(
  code: ProblemCode,
  detail: string,
  more: {
    readonly refusal?: string;
    readonly problems?: readonly MemberProblem[];
    readonly headers?: Readonly<Record<string, string>>;
  } = {},
): FastResponse {
  const [status, title] = problems[code];
  const { headers, ...members } = more;
  return {
    status,
    headers: { 'content-type': problemType, 'cache-control': 'no-store', ...headers },
    body: JSON.stringify({ type: `/api/problems#${code}`, title, status, detail, code, ...members }),
  };
}

export function json(status: number, value: unknown): FastResponse {
  return {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
    body: JSON.stringify(value),
  };
}
