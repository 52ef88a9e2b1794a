import { messageOf } from '@esinet/kernel';
import { type FastRequest, type FastResponse, type FastRoutes, RecordsError } from '@esinet/platform';
import type { z } from 'zod';
import { auditOperations } from './audit-operations.js';
import { authorityOperations } from './authority-operations.js';
import { caseOperations } from './case-operations.js';
import { openApiDocument } from './openapi.js';
import type { DeskApi, Operation } from './operation.js';
import { type MemberProblem, json, problem, problems } from './problem.js';
import { noQuery } from './schemas.js';

export const operations: readonly Operation[] = [
  ...authorityOperations,
  ...caseOperations,
  ...auditOperations,
];

/** The desk over HTTP: for the people of the configuration, each with a token. */
export function deskRoutes(api: DeskApi): FastRoutes {
  const document = JSON.stringify(openApiDocument(operations));
  return {
    '/api/handover/': (request) => answered(api, request),
    '/openapi.json': () => ({ status: 200, headers: { 'content-type': 'application/json' }, body: document }),
    '/api/problems': () =>
      json(
        200,
        Object.entries(problems).map(([code, [status, title, meaning]]) => ({
          code,
          status,
          title,
          meaning,
        })),
      ),
  };
}

interface Found {
  readonly operation: Operation;
  readonly names: readonly string[];
}

async function answered(api: DeskApi, request: FastRequest): Promise<FastResponse> {
  const by = api.element.people.by(request.headers.authorization);
  if (!by) {
    const headers = { 'www-authenticate': 'Bearer realm="handover"' };
    return problem('unauthenticated', 'there is no bearer token, or nobody has it', { headers });
  }
  const there = operations.flatMap((operation): Found[] => {
    const names = namesIn(operation.path, request.path);
    return names ? [{ operation, names }] : [];
  });
  // A path without names goes before one that takes it for a name.
  const found = there
    .filter(({ operation }) => operation.method === request.method)
    .sort((a, b) => a.names.length - b.names.length)[0];
  if (!found) {
    if (there.length === 0) return problem('not-found', 'there is nothing under this path');
    const allow = [...new Set(there.map(({ operation }) => operation.method))].join(', ');
    return problem('method-not-allowed', `this path has ${allow}`, { headers: { allow } });
  }
  const { operation, names } = found;
  if (operation.roles && !operation.roles.some((role) => by.roles.includes(role))) {
    return problem('not-allowed', `this is for ${operation.roles.join(' or ')}`);
  }
  const query = (operation.query ?? noQuery).safeParse(Object.fromEntries(request.query));
  if (!query.success)
    return problem('bad-request', 'the query is not as described', { problems: placesOf(query.error) });
  const body = bodyOf(operation, request);
  if (!body.ok) return body.response;
  const [id = '', other = ''] = names;
  try {
    return await operation.run(api, { by, id, other, query: query.data, body: body.value, request });
  } catch (error) {
    if (!(error instanceof RecordsError)) throw error;
    const detail = `records cannot be written or read now: ${messageOf(error)}`;
    return problem('not-stored', detail, { headers: { 'retry-after': '1' } });
  }
}

type Body =
  { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly response: FastResponse };

function bodyOf({ body: wanted }: Operation, request: FastRequest): Body {
  if (wanted === undefined) return { ok: true, value: undefined };
  const type = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  const types = wanted === 'xml' ? ['text/xml', 'application/xml'] : ['application/json'];
  if (type === undefined || !types.includes(type)) {
    return {
      ok: false,
      response: problem('unsupported-media-type', `the body is not ${types.join(' or ')}`),
    };
  }
  if (wanted === 'xml') return { ok: true, value: request.body };
  let value: unknown;
  try {
    value = JSON.parse(request.body.toString('utf8'));
  } catch {
    return { ok: false, response: problem('bad-request', 'the body is not JSON') };
  }
  const read = wanted.safeParse(value);
  return read.success
    ? { ok: true, value: read.data }
    : {
        ok: false,
        response: problem('not-granted', 'the body is not as described', { problems: placesOf(read.error) }),
      };
}

/** Where, and what was expected: never what was there, which may be a person. */
function placesOf(error: z.ZodError): MemberProblem[] {
  return error.issues.slice(0, 20).map(({ path, message, code }) => ({
    member: path.join('.'),
    problem: code === 'unrecognized_keys' ? 'has a member that is not known' : message,
  }));
}

/** What the path gives for the names in a template, or undefined where it is another path. */
function namesIn(template: string, path: string): string[] | undefined {
  const wanted = template.split('/');
  const given = path.split('/');
  if (wanted.length !== given.length) return undefined;
  const names: string[] = [];
  for (const [i, part] of wanted.entries()) {
    const name = given[i] ?? '';
    if (!part.startsWith('{')) {
      if (part !== name) return undefined;
    } else if (/^[\w.-]{1,64}$/.test(name)) names.push(name);
    else return undefined;
  }
  return names;
}
