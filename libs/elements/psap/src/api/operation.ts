import { HttpCode, applyDecorators } from '@nestjs/common';
import {
  ApiBody,
  ApiExtension,
  ApiHeader,
  ApiOperation,
  ApiParam,
  ApiProduces,
  ApiQuery,
  ApiResponse,
  ApiTags,
} from '@nestjs/swagger';
import type { z } from 'zod';
import { type JsonSchema, schemaOf } from './json-schema.js';
import { type ProblemCode, problems } from './problem.js';
import { problemSchema } from './schemas.js';

export interface OperationOptions {
  readonly id: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  readonly path?: Readonly<Record<string, z.ZodType>>;
  readonly query?: z.ZodObject;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: { readonly schema: z.ZodType; readonly required: boolean };
  readonly answer: {
    readonly status: number;
    readonly description: string;
    readonly schema?: z.ZodType;
    readonly contentType?: string;
  };
  readonly problems?: readonly ProblemCode[];
  /** What follows `curl -s http://127.0.0.1:15090/api/`. */
  readonly curl: string;
}

/** Describes one operation of the interface in the OpenAPI document, nothing of it left to be guessed from types. */
export function Operation(o: OperationOptions): MethodDecorator {
  const decorators: (MethodDecorator | (ClassDecorator & MethodDecorator))[] = [
    HttpCode(o.answer.status),
    ApiTags(o.tag),
    ApiOperation({
      operationId: o.id,
      summary: o.summary,
      ...(o.description !== undefined && { description: o.description }),
    }),
    ApiExtension('x-codeSamples', [{ lang: 'Shell', label: 'curl', source: `curl -s ${o.curl}` }]),
    ApiResponse({
      status: o.answer.status,
      description: o.answer.description,
      ...(o.answer.schema && {
        content: { [o.answer.contentType ?? 'application/json']: { schema: schemaOf(o.answer.schema) } },
      }),
      ...(!o.answer.schema &&
        o.answer.contentType !== undefined && {
          content: { [o.answer.contentType]: { schema: { type: 'string' } } },
        }),
    }),
  ];
  for (const [name, schema] of Object.entries(o.path ?? {})) {
    decorators.push(ApiParam({ name, required: true, ...parameter(schema) }));
  }
  for (const [name, schema] of Object.entries<z.ZodType>(o.query?.shape ?? {})) {
    decorators.push(ApiQuery({ name, required: false, ...parameter(schema) }));
  }
  for (const [name, description] of Object.entries(o.headers ?? {})) {
    decorators.push(ApiHeader({ name, description, required: false, schema: { type: 'string' } }));
  }
  if (o.body) decorators.push(ApiBody({ schema: schemaOf(o.body.schema), required: o.body.required }));
  for (const [status, codes] of byStatus(o.problems ?? [])) {
    decorators.push(
      ApiResponse({
        status,
        description: codes.map((code) => `\`${code}\`: ${problems[code][2]}`).join('\n\n'),
        content: { 'application/problem+json': { schema: schemaOf(problemSchema) } },
      }),
    );
  }
  decorators.push(
    ApiResponse({
      status: 'default',
      description: 'Anything else: `not-stored` where the records fail, `internal`',
      content: { 'application/problem+json': { schema: schemaOf(problemSchema) } },
    }),
  );
  if (o.answer.contentType !== undefined) decorators.push(ApiProduces(o.answer.contentType));
  return applyDecorators(...decorators);
}

function parameter(schema: z.ZodType): { description?: string; schema: JsonSchema } {
  const { description, ...rest } = schemaOf(schema);
  return { schema: rest, ...(typeof description === 'string' && { description }) };
}

function byStatus(codes: readonly ProblemCode[]): Map<number, ProblemCode[]> {
  const found = new Map<number, ProblemCode[]>();
  for (const code of new Set<ProblemCode>(codes)) {
    const [status] = problems[code];
    found.set(status, [...(found.get(status) ?? []), code]);
  }
  return found;
}
