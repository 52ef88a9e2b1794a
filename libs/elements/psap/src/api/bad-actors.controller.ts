import { Controller, Inject, Param, Post, Req } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import type { Logger } from '@esinet/kernel';
import { LOGGER, type TlsOptions } from '@esinet/platform';
import type { z } from 'zod';
import { PSAP_TLS } from '../attachments/config.js';
import { reportBadActor } from '../bad-actors/report.js';
import { PSAP_CONFIG, type PsapConfig } from '../config.js';
import { valueOf } from './answers.js';
import { chatPath as path, notYours, speakerHeader as headers } from './chat-operation.js';
import { ChatRoom } from './chat-room.js';
import { bodyOf } from './input.js';
import { Operation } from './operation.js';
import { Problem } from './problem.js';
import { badActorSchema, reportBadActorBody } from './schemas.js';

/** Sources that a call taker has had enough of. */
@Controller('api/chats')
export class BadActorsController {
  constructor(
    @Inject(ChatRoom) private readonly room: ChatRoom,
    @Inject(PSAP_CONFIG) private readonly config: PsapConfig,
    @Inject(PSAP_TLS) private readonly tls: TlsOptions | null,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  @Post(':id/report-bad-actor')
  @Operation({
    id: 'reportBadActor',
    tag: 'chats',
    summary: 'Reports where the chat comes from to the border, which limits or blocks it for a time',
    description:
      'HTTP-2, NENA i3 shape. What the border does, and for how long, is its configuration; whoever runs it can undo it. The chat itself stays as it is.',
    path,
    headers,
    body: { schema: reportBadActorBody, required: false },
    answer: { status: 201, description: 'What the border does now', schema: badActorSchema },
    problems: [
      'bad-request',
      'not-found',
      'no-source',
      'unknown-source',
      'not-reported',
      ...notYours,
      'too-long',
      'unsupported-media-type',
    ],
    curl: `-X POST http://127.0.0.1:15090/api/chats/CHAT/report-bad-actor`,
  })
  async report(
    @Param('id') id: unknown,
    @Req() request: IncomingMessage,
  ): Promise<z.input<typeof badActorSchema>> {
    const body = bodyOf(reportBadActorBody, request);
    const { chat } = await this.room.act(id, request, body);
    if (chat.source === undefined)
      throw new Problem('no-source', 'no border has named the source of this chat');
    const { action, until } = valueOf(await reportBadActor(chat.source, this.config.badActors, this.tls));
    this.logger.info('bad-actor-reported', { chat: chat.chat, source: chat.source, action });
    return { source: chat.source, action, ...(until !== '' && { until }) };
  }
}
