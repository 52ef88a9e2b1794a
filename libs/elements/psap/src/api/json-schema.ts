import { z } from 'zod';
import { named } from './schemas.js';

export type JsonSchema = Record<string, unknown>;

const place = (id: string): string => `#/components/schemas/${id}`;

/** JSON Schema of what the interface takes and gives, by name: `components.schemas` of the document. */
export function componentSchemas(): Record<string, JsonSchema> {
  const { schemas } = z.toJSONSchema(named, { uri: place, io: 'input', override: tidy });
  return Object.fromEntries(Object.entries(schemas).map(([id, schema]) => [id, clean(schema)]));
}

/** A reference where the schema has a name, else the schema itself. */
export function schemaOf(schema: z.ZodType): JsonSchema {
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
  // Answers have what is named here and nothing else.
  if (zodSchema._zod.def.type === 'object' && jsonSchema['additionalProperties'] === undefined) {
    jsonSchema['additionalProperties'] = false;
  }
}

function clean(schema: object): JsonSchema {
  const { $schema: _dialect, $id: _id, ...rest } = schema as JsonSchema;
  return rest;
}
