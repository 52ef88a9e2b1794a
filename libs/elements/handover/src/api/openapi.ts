import { z } from 'zod';
import type { Operation } from './operation.js';
import { type ProblemCode, problemType, problems } from './problem.js';

type JsonSchema = Record<string, unknown>;

const about =
  'Hands stored chat records over to an authority under an order in force (ETSI TS 103 707). Errors are ' +
  '`application/problem+json` (RFC 9457) with a stable `code`; of what is not possible now, `refusal` says why. ' +
  'Only for the people of `handover.people`, each with a bearer token.';

/** The description of the desk, made from what serves it. */
export function openApiDocument(operations: readonly Operation[]): JsonSchema {
  const paths: Record<string, JsonSchema> = {};
  for (const operation of operations) {
    (paths[operation.path] ??= {})[operation.method.toLowerCase()] = described(operation);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Hand-over desk',
      version: '1',
      description: about,
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    security: [{ token: [] }],
    paths,
    components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
  };
}

function described(o: Operation): JsonSchema {
  const named = [...o.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    ...{ in: 'path', name, required: true, schema: { type: 'string' } },
  }));
  const query = o.query ? Object.entries(schemaOf(o.query)['properties'] ?? {}) : [];
  const asked = query.map(([name, schema]) => ({
    in: 'query',
    name,
    required: false,
    schema: schema as unknown,
  }));
  const { status, description, type = 'application/json' } = o.answer;
  return {
    operationId: o.id,
    tags: [o.tag],
    summary: o.summary,
    ...(o.roles && { description: `For: ${o.roles.join(', ')}.` }),
    ...(named.length + asked.length > 0 && { parameters: [...named, ...asked] }),
    ...(o.body !== undefined && {
      requestBody: {
        required: true,
        content:
          o.body === 'xml'
            ? { 'text/xml': { schema: { type: 'string' } } }
            : { 'application/json': { schema: schemaOf(o.body) } },
      },
    }),
    responses: {
      [status]: { description, content: { [type]: {} } },
      ...problemAnswers(['unauthenticated', ...(o.roles ? ['not-allowed' as const] : []), ...o.problems]),
    },
  };
}

function problemAnswers(codes: readonly ProblemCode[]): JsonSchema {
  return Object.fromEntries(
    codes.map((code) => {
      const [status, title, meaning] = problems[code];
      return [status, { description: `${title}: ${meaning}`, content: { [problemType]: {} } }];
    }),
  );
}

function schemaOf(schema: z.ZodType): JsonSchema {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io: 'input' }) as JsonSchema;
  return rest;
}
