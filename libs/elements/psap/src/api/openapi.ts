import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { componentSchemas } from './json-schema.js';

const tags: readonly (readonly [string, string])[] = [
  ['chats', 'What people say to each other (TS 103 698)'],
  ['call takers', 'Who is there, and which chats wait'],
  ['transfers', 'From one centre to another (TS 103 698 6.2.6, 6.2.7, 6.3)'],
  ['alerts', 'Calls of things, with which nobody talks (RFC 8876)'],
  ['states', 'How the centres are, as routers hear it (RFC 6665; NENA i3 shapes)'],
  ['events', 'What happens, as it happens'],
  ['about', 'What a program has to know beforehand'],
];

/** The description of the REST interface, made from its code. */
export function openApiDocument(app: INestApplication): OpenAPIObject {
  const builder = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('PSAP chat desk')
    .setDescription(
      'For the programs of call takers: chats, the queue, transfers and events. Errors are `application/problem+json` (RFC 9457) with a stable `code`; `/api/problems` says what each means. Nobody is asked who they are: it belongs on the loopback interface.',
    )
    .setVersion('1')
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0');
  for (const [name, description] of tags) builder.addTag(name, description);
  const document = SwaggerModule.createDocument(app, builder.build(), { autoTagControllers: false });
  // What asks whether the program lives is no part of this interface.
  const paths = Object.fromEntries(
    Object.entries(document.paths).filter(([path]) => path.startsWith('/api/')),
  );
  const schemas = componentSchemas() as NonNullable<OpenAPIObject['components']>['schemas'];
  return { ...document, paths, components: { ...(schemas && { schemas }) } };
}

/** Serves the document at /api/openapi.json and a page to read and try it at /api/docs, files and all. */
export function serveOpenApi(app: INestApplication): void {
  const document = openApiDocument(app);
  SwaggerModule.setup('api/docs', app, document, {
    jsonDocumentUrl: 'api/openapi.json',
    yamlDocumentUrl: 'api/openapi.yaml',
    customSiteTitle: 'PSAP chat desk',
    swaggerOptions: { displayRequestDuration: true, docExpansion: 'list' },
  });
}
