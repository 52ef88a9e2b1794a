import { Controller, Get, Inject, Param, Post, Query, Req } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import type { z } from 'zod';
import type { Desk, TransferView } from '../desk.js';
import { PsapService } from '../psap-service.js';
import { type ShownMessage, shownMessage } from '../shown-message.js';
import { valueOf } from './answers.js';
import { chatPath as path, notYours, speakerHeader as headers, spoken } from './chat-operation.js';
import { ChatRoom, speaker } from './chat-room.js';
import { bodyOf, pathOf, queryOf } from './input.js';
import { Operation } from './operation.js';
import {
  callBackBody,
  centreOnlyQuery,
  decideBody,
  idParameter,
  redirectBody,
  transferBody,
  transferSchema,
  transfersSchema,
} from './schemas.js';

/** Chats on their way to another centre, or back to one that was over. */
@Controller('api/chats')
export class HandOverController {
  constructor(
    @Inject(PsapService) private readonly psap: PsapService,
    @Inject(ChatRoom) private readonly room: ChatRoom,
  ) {}

  @Post(':id/transfer')
  @Operation({
    id: 'transfer',
    tag: 'transfers',
    summary: 'Hands the chat over to another centre, with all that was said',
    description:
      'TS 103 698 6.2.6, 6.3. Answers when the other centre has agreed or refused; the rest goes on by itself, and the event stream tells how. The chat is owned by exactly one centre at the end.',
    path,
    headers,
    body: { schema: transferBody, required: true },
    answer: { status: 202, description: 'The other centre has agreed', schema: transferSchema },
    problems: [
      'bad-request',
      'bad-target',
      'no-agreement',
      'not-found',
      'not-open',
      'busy',
      'refused',
      ...notYours,
      'too-long',
      'unsupported-media-type',
      'not-stored',
    ],
    curl: `http://127.0.0.1:15090/api/chats/CHAT/transfer -H 'content-type: application/json' -d '{"to":"sip:catalunya@psap.esinet.internal","reason":"their area"}'`,
  })
  async transfer(
    @Param('id') id: unknown,
    @Req() request: IncomingMessage,
  ): Promise<z.input<typeof transferSchema>> {
    const body = bodyOf(transferBody, request);
    const { chat, by } = await this.room.act(id, request, body);
    const { to, reason, text } = body;
    return valueOf(
      await this.#desk.transfer(chat.chat, {
        to,
        ...(reason !== undefined && { reason }),
        ...(text !== undefined && { text }),
        ...(by !== undefined && { by }),
      }),
    );
  }

  @Post(':id/redirect')
  @Operation({
    id: 'redirect',
    tag: 'transfers',
    summary: 'Sends the caller to another centre, to begin there anew',
    description: 'TS 103 698 6.2.7',
    path,
    headers,
    body: { schema: redirectBody, required: true },
    answer: spoken,
    problems: [
      'bad-request',
      'bad-target',
      'no-agreement',
      'not-found',
      'not-open',
      'busy',
      ...notYours,
      'too-long',
      'unsupported-media-type',
      'not-stored',
    ],
    curl: `http://127.0.0.1:15090/api/chats/CHAT/redirect -H 'content-type: application/json' -d '{"to":"sip:catalunya@psap.esinet.internal"}'`,
  })
  async redirect(@Param('id') id: unknown, @Req() request: IncomingMessage): Promise<ShownMessage> {
    const body = bodyOf(redirectBody, request);
    const { chat, by } = await this.room.act(id, request, body);
    const { to, text } = body;
    return shownMessage(
      valueOf(
        await this.#desk.redirect(chat.chat, {
          to,
          ...(text !== undefined && { text }),
          ...(by !== undefined && { by }),
        }),
      ),
    );
  }

  @Post(':id/call-back')
  @Operation({
    id: 'callBack',
    tag: 'chats',
    summary: 'Speaks again to the caller of a chat that was ended',
    description: 'TS 103 698 6.1.2.5, RFC 7090',
    path,
    headers,
    body: { schema: callBackBody, required: true },
    answer: spoken,
    problems: [
      'bad-request',
      'not-found',
      'not-open',
      ...notYours,
      'too-long',
      'unsupported-media-type',
      'not-stored',
    ],
    curl: `http://127.0.0.1:15090/api/chats/CHAT/call-back -H 'content-type: application/json' -d '{"text":"Are you safe now?","incident":true}'`,
  })
  async callBack(@Param('id') id: unknown, @Req() request: IncomingMessage): Promise<ShownMessage> {
    const body = bodyOf(callBackBody, request);
    const { chat, by } = await this.room.act(id, request, body);
    const { text, incident } = body;
    const message = valueOf(
      await this.#desk.callBack(chat.chat, { text, incident, ...(by !== undefined && { by }) }),
    );
    return shownMessage(message);
  }

  get #desk(): Desk {
    return this.psap.desk;
  }
}

/** Transfers between centres, and a call taker's word on those that come in. */
@Controller('api/transfers')
export class TransfersController {
  constructor(@Inject(PsapService) private readonly psap: PsapService) {}

  @Get()
  @Operation({
    id: 'listTransfers',
    tag: 'transfers',
    summary: 'Transfers under way and the latest that are over',
    query: centreOnlyQuery,
    answer: { status: 200, description: 'Those known in memory', schema: transfersSchema },
    problems: ['bad-request'],
    curl: 'http://127.0.0.1:15090/api/transfers',
  })
  list(@Query() query: unknown): { transfers: TransferView[] } {
    const { centre } = queryOf(centreOnlyQuery, query);
    return { transfers: this.#desk.transfers(centre === undefined ? {} : { centre }) };
  }

  @Post(':id/accept')
  @Operation({
    id: 'acceptTransfer',
    tag: 'transfers',
    summary: 'Agrees to take a chat over',
    path: { id: idParameter },
    headers: { 'X-Taker': 'Who agrees' },
    body: { schema: decideBody, required: false },
    answer: { status: 200, description: 'Agreed', schema: transferSchema },
    problems: ['bad-request', 'not-found', 'not-open', 'unsupported-media-type', 'not-stored'],
    curl: '-X POST http://127.0.0.1:15090/api/transfers/TRANSFER/accept',
  })
  accept(@Param('id') id: unknown, @Req() request: IncomingMessage): Promise<TransferView> {
    return this.#decide(id, request, true);
  }

  @Post(':id/decline')
  @Operation({
    id: 'declineTransfer',
    tag: 'transfers',
    summary: 'Refuses to take a chat over',
    path: { id: idParameter },
    headers: { 'X-Taker': 'Who refuses' },
    body: { schema: decideBody, required: false },
    answer: { status: 200, description: 'Refused', schema: transferSchema },
    problems: ['bad-request', 'not-found', 'not-open', 'unsupported-media-type', 'not-stored'],
    curl: '-X POST http://127.0.0.1:15090/api/transfers/TRANSFER/decline',
  })
  decline(@Param('id') id: unknown, @Req() request: IncomingMessage): Promise<TransferView> {
    return this.#decide(id, request, false);
  }

  get #desk(): Desk {
    return this.psap.desk;
  }

  async #decide(id: unknown, request: IncomingMessage, accept: boolean): Promise<TransferView> {
    const by = speaker(request, bodyOf(decideBody, request).by);
    return valueOf(await this.#desk.decide(pathOf(idParameter, id), accept, by));
  }
}
