import type { INestApplication } from '@nestjs/common';
import type { PsapConfig } from '../config.js';
import { serveOpenApi } from './openapi.js';

/** JSON may write every octet of a text as \u00xx. */
const escaped = 6;
/** What is around the text. */
const around = 16_384;

/** Room for the longest text, and the description of the interface. */
export function prepareApi(
  app: INestApplication & { useBodyParser(type: 'json', options: { limit: number }): unknown },
  config: PsapConfig,
): void {
  app.useBodyParser('json', { limit: config.limits.textBytes * escaped + around });
  serveOpenApi(app);
}
