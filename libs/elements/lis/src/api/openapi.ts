import type { INestApplication } from '@nestjs/common';
import { type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { z } from 'zod';
import { type Operation, operations } from './operations.js';
import { PROBLEM_TYPE, type ProblemCode, problems } from './problem.js';
import { named, problemSchema } from './schemas.js';

type JsonSchema = Record<string, unknown>;

const place = (id: string): string => `#/components/schemas/${id}`;

/** The description of the provisioning interface. */
export function openApiDocument(): OpenAPIObject {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const operation of operations) {
    (paths[operation.path] ??= {})[operation.method] = described(operation);
  }
  const { schemas } = z.toJSONSchema(named, { uri: place, io: 'input', override: tidy });
  const components = Object.fromEntries(Object.entries(schemas).map(([id, schema]) => [id, clean(schema)]));
  const document = {
    openapi: '3.1.0',
    info: {
      title: 'LIS provisioning',
      version: '1',
      description:
        'Tells a Location Information Server where devices are. Errors are `application/problem+json` (RFC 9457) with a stable `code`; `/api/problems` says what each means. Only for those whom `lis.provisioners` names, by address or by the name of a client certificate.',
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    tags: [
      { name: 'devices', description: 'What is known, and where it is' },
      { name: 'location URIs', description: 'What was given out for a device (RFC 5985 6.5)' },
      { name: 'load', description: 'Many at once' },
      { name: 'about', description: 'What a program has to know beforehand' },
    ],
    paths,
    components: { schemas: components },
  };
  return document as unknown as OpenAPIObject;
}

/** Serves the document at /api/openapi.json and a page to read and try it at /api/docs, files and all. */
export function serveOpenApi(app: INestApplication): void {
  SwaggerModule.setup('api/docs', app, openApiDocument(), {
    jsonDocumentUrl: 'api/openapi.json',
    yamlDocumentUrl: 'api/openapi.yaml',
    customSiteTitle: 'LIS provisioning',
    swaggerOptions: { displayRequestDuration: true, docExpansion: 'list' },
  });
}

function described(o: Operation): JsonSchema {
  const parameters = [
    ...Object.entries(o.parameters ?? {}).map(([name, schema]) => parameter('path', name, schema)),
    ...Object.entries<z.ZodType>(o.query?.shape ?? {}).map(([name, schema]) =>
      parameter('query', name, schema),
    ),
  ];
  const answers = Object.entries(o.answers).map(([status, { description, schema }]) => [
    status,
    { description, ...(schema && { content: { 'application/json': { schema: schemaOf(schema) } } }) },
  ]);
  return {
    operationId: o.id,
    tags: [o.tag],
    summary: o.summary,
    ...(o.description === undefined ? {} : { description: o.description }),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(o.body ? { requestBody: { required: true, content: contentOf(o.body) } } : {}),
    responses: { ...Object.fromEntries(answers), ...problemAnswers(o.problems) },
    'x-codeSamples': [{ lang: 'Shell', label: 'curl', source: `curl -s ${o.curl}` }],
  };
}

function contentOf(body: NonNullable<Operation['body']>): JsonSchema {
  return Object.fromEntries(
    Object.entries(body).map(([type, schema]) => [
      type,
      { schema: schema === 'text' ? { type: 'string' } : schemaOf(schema) },
    ]),
  );
}

function problemAnswers(codes: readonly ProblemCode[]): JsonSchema {
  const byStatus = new Map<number, ProblemCode[]>();
  for (const code of new Set(codes)) {
    const [status] = problems[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, of]) => [
      status,
      {
        description: of.map((code) => `\`${code}\`: ${problems[code][2]}`).join('\n\n'),
        content: { [PROBLEM_TYPE]: { schema: schemaOf(problemSchema) } },
      },
    ]),
  );
}

function parameter(where: 'path' | 'query', name: string, schema: z.ZodType): JsonSchema {
  const { description, ...rest } = schemaOf(schema);
  return {
    in: where,
    name,
    required: where === 'path',
    schema: rest,
    ...(typeof description === 'string' ? { description } : {}),
  };
}

/** A reference where the schema has a name, else the schema itself. */
function schemaOf(schema: z.ZodType): JsonSchema {
  const id = named.get(schema)?.id;
  return id === undefined
    ? clean(z.toJSONSchema(schema, { io: 'input', override: tidy }))
    : { $ref: place(id) };
}

/** What zod says of types that only TypeScript knows. */
function tidy({ jsonSchema, zodSchema }: { jsonSchema: JsonSchema; zodSchema: z.core.$ZodTypes }): void {
  delete jsonSchema['readOnly'];
  if (jsonSchema['maximum'] === Number.MAX_SAFE_INTEGER) delete jsonSchema['maximum'];
  if (jsonSchema['minimum'] === Number.MIN_SAFE_INTEGER) delete jsonSchema['minimum'];
  if (zodSchema._zod.def.type === 'object' && jsonSchema['additionalProperties'] === undefined) {
    jsonSchema['additionalProperties'] = false;
  }
}

function clean(schema: object): JsonSchema {
  const { $schema: _dialect, $id: _id, ...rest } = schema as JsonSchema;
  return rest;
}
