import { Controller, Delete, Get, Inject, Param, Post, Put, Query, Req } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import type { z } from 'zod';
import { TakerDesk } from '../takers/taker-desk.js';
import type { TakerView, WaitingChat } from '../takers/taker-view.js';
import { shownChat, valueOf } from './answers.js';
import { bodyOf, pathOf, queryOf } from './input.js';
import { Operation } from './operation.js';
import { Problem } from './problem.js';
import {
  acceptBody,
  centreOnlyQuery,
  chatSchema,
  queueSchema,
  signOnBody,
  takerName,
  takerSchema,
  takersSchema,
} from './schemas.js';

const path = { id: takerName };

/** Who is there to answer. */
@Controller('api/takers')
export class TakersController {
  constructor(@Inject(TakerDesk) private readonly takers: TakerDesk) {}

  @Get()
  @Operation({
    id: 'listTakers',
    tag: 'call takers',
    summary: 'Who is signed on, with which chats',
    answer: { status: 200, description: 'All of them', schema: takersSchema },
    curl: 'http://127.0.0.1:15090/api/takers',
  })
  list(): { takers: TakerView[] } {
    return { takers: this.takers.takers() };
  }

  @Get(':id')
  @Operation({
    id: 'getTaker',
    tag: 'call takers',
    summary: 'One call taker',
    path,
    answer: { status: 200, description: 'Signed on', schema: takerSchema },
    problems: ['bad-request', 'not-found'],
    curl: 'http://127.0.0.1:15090/api/takers/ana',
  })
  get(@Param('id') id: unknown): TakerView {
    const taker = this.takers.taker(pathOf(takerName, id));
    if (!taker) throw new Problem('not-found', 'no call taker of this name is signed on');
    return taker;
  }

  @Put(':id')
  @Operation({
    id: 'signOn',
    tag: 'call takers',
    summary: 'Signs a call taker on, or changes what was said before',
    description: 'Lasts until signing off, also over a restart. Fewer seats than chats take no chat away.',
    path,
    body: { schema: signOnBody, required: true },
    answer: { status: 200, description: 'Signed on', schema: takerSchema },
    problems: ['bad-request', 'too-many-takers', 'too-long', 'unsupported-media-type', 'not-stored'],
    curl: `-X PUT http://127.0.0.1:15090/api/takers/ana -H 'content-type: application/json' -d '{"name":"Ana"}'`,
  })
  async signOn(@Param('id') id: unknown, @Req() request: IncomingMessage): Promise<TakerView> {
    const taker = pathOf(takerName, id);
    return valueOf(await this.takers.signOn(taker, bodyOf(signOnBody, request)));
  }

  @Delete(':id')
  @Operation({
    id: 'signOff',
    tag: 'call takers',
    summary: 'Signs a call taker off',
    description: 'The chats of the call taker wait again, in the turn of their age.',
    path,
    answer: { status: 204, description: 'Signed off' },
    problems: ['bad-request', 'not-found', 'not-stored'],
    curl: '-X DELETE http://127.0.0.1:15090/api/takers/ana',
  })
  async signOff(@Param('id') id: unknown): Promise<void> {
    valueOf(await this.takers.signOff(pathOf(takerName, id)));
  }
}

/** Chats that nobody has yet. */
@Controller('api/queue')
export class QueueController {
  constructor(@Inject(TakerDesk) private readonly takers: TakerDesk) {}

  @Get()
  @Operation({
    id: 'getQueue',
    tag: 'call takers',
    summary: 'Chats that wait for a call taker',
    query: centreOnlyQuery,
    answer: { status: 200, description: 'In their turn', schema: queueSchema },
    problems: ['bad-request'],
    curl: 'http://127.0.0.1:15090/api/queue',
  })
  get(@Query() query: unknown): { length: number; chats: WaitingChat[] } {
    const chats = this.takers.waiting(queryOf(centreOnlyQuery, query).centre);
    return { length: chats.length, chats: chats.slice(0, most) };
  }

  @Post('accept')
  @Operation({
    id: 'acceptNext',
    tag: 'call takers',
    summary: 'Takes the next chat in turn',
    description:
      'What came from another centre goes first, then the oldest; of the centres of this call taker.',
    body: { schema: acceptBody, required: true },
    answer: { status: 200, description: 'The chat, now of this call taker', schema: chatSchema },
    problems: [
      'bad-request',
      'not-signed-on',
      'queue-empty',
      'no-seat',
      'unsupported-media-type',
      'not-stored',
    ],
    curl: `http://127.0.0.1:15090/api/queue/accept -H 'content-type: application/json' -d '{"taker":"ana"}'`,
  })
  async next(@Req() request: IncomingMessage): Promise<z.input<typeof chatSchema>> {
    const chat = valueOf(await this.takers.accept(bodyOf(acceptBody, request).taker));
    return shownChat(chat, this.takers.unansweredSince(chat.chat));
  }
}

/** Chats of the queue in one answer; `length` counts all. */
const most = 1_000;
