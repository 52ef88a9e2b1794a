import { Controller, Inject } from '@nestjs/common';
import { HELD_QUERY_SUBJECT, writeHeldAnswer } from '@esinet/held';
import { MessagePattern, Payload } from '@esinet/platform';
import { LIS } from './api/tokens.js';
import type { Lis } from './lis.js';

/** Queue group of the LISs on the bus. */
export const LIS_QUEUE = 'lis';

/**
 * Dereference over the bus, for routers and centres of this ESInet: who may send there has a location URI, which is all
 * that RFC 6753 asks for. It has no certificate to be known by, so that a policy that names people gives it nothing; and
 * where somebody is by their identifier (RFC 6155) is not told here.
 */
@Controller()
export class HeldBusController {
  constructor(@Inject(LIS) private readonly lis: Lis) {}

  /** @throws Error where the question is none, or the URI is not of this LIS: another may know it over HTTP */
  @MessagePattern(HELD_QUERY_SUBJECT)
  async ask(@Payload() question: unknown): Promise<string> {
    const { uri, document } = (question ?? {}) as Readonly<Record<string, unknown>>;
    if (typeof uri !== 'string' || (document !== undefined && typeof document !== 'string'))
      throw new Error('a location URI is expected');
    const token = this.lis.tokenOf(uri);
    if (token === undefined) throw new Error('not a location URI of this LIS');
    const body = document === undefined ? undefined : Buffer.from(document);
    return writeHeldAnswer(await this.lis.dereference(token, { address: '' }, body));
  }
}
