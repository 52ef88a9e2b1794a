import { Controller, Get, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { LIMITS, type Limits } from '@esinet/platform';
import type { z } from 'zod';
import { partHeaders, partOctets } from '../attachments/part-octets.js';
import type { Desk } from '../desk.js';
import { PSAP_CONFIG, type PsapConfig } from '../config.js';
import { PsapService } from '../psap-service.js';
import { type ShownMessage, shownMessage } from '../shown-message.js';
import { type Note, Notes } from '../takers/notes.js';
import { snippetText } from '../takers/snippets.js';
import { TakerDesk } from '../takers/taker-desk.js';
import { shownChat, valueOf } from './answers.js';
import { ChatRoom, speaker } from './chat-room.js';
import { bodyOf, pathOf, queryOf } from './input.js';
import { chatPath as path, notYours, speakerHeader as headers, spoken } from './chat-operation.js';
import { Operation } from './operation.js';
import { Problem } from './problem.js';
import {
  acceptBody,
  chatSchema,
  chatWithMessagesSchema,
  chatsQuery,
  chatsSchema,
  noteSchema,
  notesSchema,
  numberParameter,
  sayBody,
  stopBody,
  writeNoteBody,
} from './schemas.js';

type ShownChat = z.input<typeof chatSchema>;

/** Chats, and what call takers do in them. */
@Controller('api/chats')
export class ChatsController {
  constructor(
    @Inject(PsapService) private readonly psap: PsapService,
    @Inject(PSAP_CONFIG) private readonly config: PsapConfig,
    @Inject(TakerDesk) private readonly takers: TakerDesk,
    @Inject(Notes) private readonly notes: Notes,
    @Inject(ChatRoom) private readonly room: ChatRoom,
    @Inject(LIMITS) private readonly limits: Limits,
  ) {}

  @Get()
  @Operation({
    id: 'listChats',
    tag: 'chats',
    summary: 'The newest chats',
    query: chatsQuery,
    answer: { status: 200, description: 'Newest first', schema: chatsSchema },
    problems: ['bad-request'],
    curl: 'http://127.0.0.1:15090/api/chats?phase=open',
  })
  async list(@Query() query: unknown): Promise<{ chats: ShownChat[] }> {
    const { centre, phase, taker, limit } = queryOf(chatsQuery, query);
    const chats = await this.#desk.list({
      limit,
      test: false,
      ...(centre !== undefined && { centre }),
      ...(phase !== undefined && { phase }),
      ...(taker !== undefined && { taker }),
    });
    return { chats: chats.map((chat) => this.#shown(chat)) };
  }

  @Get(':id')
  @Operation({
    id: 'getChat',
    tag: 'chats',
    summary: 'A chat with all its messages',
    path,
    answer: { status: 200, description: 'The chat', schema: chatWithMessagesSchema },
    problems: ['bad-request', 'not-found'],
    curl: 'http://127.0.0.1:15090/api/chats/CHAT',
  })
  async get(@Param('id') id: unknown): Promise<z.input<typeof chatWithMessagesSchema>> {
    const chat = await this.room.find(id);
    const messages = await this.#desk.messages(chat.chat);
    return { ...this.#shown(chat), messages: messages.map(shownMessage) };
  }

  @Get(':id/parts/:sequence/:part')
  @Operation({
    id: 'getPart',
    tag: 'chats',
    summary: 'An attachment, octet by octet as it was sent',
    description:
      'Whatever could run in a browser comes as `application/octet-stream`. It is from a stranger: nothing here has looked for anything harmful in it.',
    path: { ...path, sequence: numberParameter, part: numberParameter },
    answer: {
      status: 200,
      description: 'Its octets, under the media type of the sender where that is harmless',
      contentType: '*/*',
    },
    problems: ['bad-request', 'not-found'],
    curl: '-O http://127.0.0.1:15090/api/chats/CHAT/parts/1/2',
  })
  async part(
    @Param('id') id: unknown,
    @Param('sequence') sequence: unknown,
    @Param('part') number: unknown,
    @Res() response: ServerResponse,
  ): Promise<void> {
    const wanted = { sequence: pathOf(numberParameter, sequence), part: pathOf(numberParameter, number) };
    const chat = await this.room.find(id);
    const messages = await this.#desk.messages(chat.chat);
    const message = messages.find((m) => m.sequence === wanted.sequence);
    const part = message && partOctets(message, wanted.part, this.limits);
    if (!part) throw new Problem('not-found', 'the message has no such part');
    response.writeHead(200, partHeaders(part, `part-${wanted.sequence}-${wanted.part}`));
    response.end(part.body);
  }

  @Post(':id/messages')
  @Operation({
    id: 'say',
    tag: 'chats',
    summary: 'Says something to the caller',
    path,
    headers,
    body: { schema: sayBody, required: true },
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
    curl: `http://127.0.0.1:15090/api/chats/CHAT/messages -H 'content-type: application/json' -d '{"text":"Help is on the way"}'`,
  })
  async say(@Param('id') id: unknown, @Req() request: IncomingMessage): Promise<ShownMessage> {
    const body = bodyOf(sayBody, request);
    const { chat, by } = await this.room.act(id, request, body);
    const text = body.text ?? this.#snippet(body.snippet ?? '', chat);
    const message = valueOf(await this.#desk.say(chat.chat, text, by));
    this.takers.answered(chat.chat);
    return shownMessage(message);
  }

  @Post(':id/stop')
  @Operation({
    id: 'stop',
    tag: 'chats',
    summary: 'Ends the chat',
    description: 'TS 103 698 6.2.4. The caller may begin again.',
    path,
    headers,
    body: { schema: stopBody, required: false },
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
    curl: `http://127.0.0.1:15090/api/chats/CHAT/stop -H 'content-type: application/json' -d '{"text":"Good bye"}'`,
  })
  async stop(@Param('id') id: unknown, @Req() request: IncomingMessage): Promise<ShownMessage> {
    const body = bodyOf(stopBody, request);
    const { chat, by } = await this.room.act(id, request, body);
    return shownMessage(valueOf(await this.#desk.stop(chat.chat, body.text, by)));
  }

  @Post(':id/accept')
  @Operation({
    id: 'accept',
    tag: 'call takers',
    summary: 'Takes this chat out of the queue',
    path,
    body: { schema: acceptBody, required: true },
    answer: { status: 200, description: 'The chat, now of this call taker', schema: chatSchema },
    problems: [
      'bad-request',
      'not-found',
      'not-signed-on',
      'not-in-queue',
      'taken',
      'no-seat',
      'other-centre',
      'unsupported-media-type',
      'not-stored',
    ],
    curl: `http://127.0.0.1:15090/api/chats/CHAT/accept -H 'content-type: application/json' -d '{"taker":"ana"}'`,
  })
  async accept(@Param('id') id: unknown, @Req() request: IncomingMessage): Promise<ShownChat> {
    const { taker } = bodyOf(acceptBody, request);
    const chat = await this.room.find(id);
    return this.#shown(valueOf(await this.takers.accept(taker, chat.chat)));
  }

  @Post(':id/release')
  @Operation({
    id: 'release',
    tag: 'call takers',
    summary: 'Gives the chat back to the queue',
    path,
    body: { schema: acceptBody, required: true },
    answer: {
      status: 200,
      description: 'The chat, waiting again in the turn of its age',
      schema: chatSchema,
    },
    problems: [
      'bad-request',
      'not-found',
      'not-in-queue',
      'not-yours',
      'unsupported-media-type',
      'not-stored',
    ],
    curl: `http://127.0.0.1:15090/api/chats/CHAT/release -H 'content-type: application/json' -d '{"taker":"ana"}'`,
  })
  async release(@Param('id') id: unknown, @Req() request: IncomingMessage): Promise<ShownChat> {
    const { taker } = bodyOf(acceptBody, request);
    const chat = await this.room.find(id);
    return this.#shown(valueOf(await this.takers.release(taker, chat.chat)));
  }

  @Get(':id/notes')
  @Operation({
    id: 'listNotes',
    tag: 'chats',
    summary: 'What colleagues wrote down',
    path,
    answer: { status: 200, description: 'Oldest first', schema: notesSchema },
    problems: ['bad-request', 'not-found'],
    curl: 'http://127.0.0.1:15090/api/chats/CHAT/notes',
  })
  async listNotes(@Param('id') id: unknown): Promise<{ notes: Note[] }> {
    const chat = await this.room.find(id);
    return { notes: await this.notes.of(chat.chat) };
  }

  @Post(':id/notes')
  @Operation({
    id: 'writeNote',
    tag: 'chats',
    summary: 'Writes something down for colleagues',
    description: 'It never goes to the caller. In a transfer it goes along with the chat.',
    path,
    headers,
    body: { schema: writeNoteBody, required: true },
    answer: { status: 201, description: 'The note', schema: noteSchema },
    problems: [
      'bad-request',
      'not-found',
      'too-many-notes',
      'too-long',
      'unsupported-media-type',
      'not-stored',
    ],
    curl: `http://127.0.0.1:15090/api/chats/CHAT/notes -H 'content-type: application/json' -d '{"text":"Cannot speak","by":"ana"}'`,
  })
  async writeNote(@Param('id') id: unknown, @Req() request: IncomingMessage): Promise<Note> {
    const body = bodyOf(writeNoteBody, request);
    const by = speaker(request, body.by);
    const chat = await this.room.find(id);
    const note = valueOf(await this.notes.add(chat.chat, body.text, by));
    if (!chat.test) {
      const { callId, centre } = chat;
      this.psap.desk.events.tell({ type: 'note', chat: chat.chat, callId, centre, data: { written: note } });
    }
    return note;
  }

  get #desk(): Desk {
    return this.psap.desk;
  }

  #shown(chat: Parameters<typeof shownChat>[0]): ShownChat {
    return shownChat(chat, this.takers.unansweredSince(chat.chat));
  }

  #snippet(id: string, chat: { centre: string; languages?: readonly string[] }): string {
    const centre = this.psap.centres.get(chat.centre)?.name ?? chat.centre;
    const text = snippetText(this.config.snippets, id, { centre, languages: chat.languages });
    if (text === undefined) throw new Problem('not-found', 'no snippet has this name');
    return text;
  }
}
