import { Controller, Inject } from '@nestjs/common';
import { LOST_QUERY_SUBJECT } from '@esinet/lost';
import { MessagePattern, Payload } from '@esinet/platform';
import { ECRF } from './ecrf-token.js';
import type { Ecrf } from './ecrf.js';

/** Queue group of the ECRFs on the bus. */
export const ECRF_QUEUE = 'ecrf';

/** LoST over the bus: the documents of HTTP as text, a question and its answer. */
@Controller()
export class LostBusController {
  constructor(@Inject(ECRF) private readonly ecrf: Ecrf) {}

  @MessagePattern(LOST_QUERY_SUBJECT)
  async ask(@Payload() document: unknown): Promise<string> {
    return this.ecrf.ask(typeof document === 'string' ? document : '');
  }
}
