import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query, UseFilters } from '@nestjs/common';
import type { Result } from '@esinet/kernel';
import type { DeskRefusal } from './desk.js';
import type { ChatRecord, MessageRecord } from './message-record.js';
import { Problem, ProblemFilter } from './problem.js';
import { PsapService } from './psap-service.js';
import { type ShownMessage, shownMessage } from './shown-message.js';

const defaultChats = 100;
const maxChats = 1_000;

/** What a call taker's program asks: chats, their messages, and to say something. */
@Controller('api')
@UseFilters(ProblemFilter)
export class ChatsController {
  constructor(@Inject(PsapService) private readonly psap: PsapService) {}

  @Get('centres')
  centres(): { centres: { id: string; uri: string; name: string }[]; acceptAny: boolean } {
    return {
      centres: this.psap.centres.list().map(({ id, uri, name }) => ({ id, uri, name })),
      acceptAny: this.psap.centres.acceptsAny,
    };
  }

  @Get('chats')
  async chats(
    @Query('centre') centre?: unknown,
    @Query('limit') limit?: unknown,
  ): Promise<{ chats: ChatRecord[] }> {
    const wanted = limit === undefined ? defaultChats : Number(limit);
    if (!Number.isInteger(wanted) || wanted < 1 || wanted > maxChats) {
      throw new Problem(400, 'Bad limit', `limit is a whole number from 1 to ${maxChats}`);
    }
    return {
      chats: await this.psap.desk.list({
        limit: wanted,
        ...(typeof centre === 'string' && { centre }),
      }),
    };
  }

  @Get('chats/:id')
  async chat(@Param('id') id: string): Promise<ChatRecord & { messages: ShownMessage[] }> {
    const chat = await this.psap.desk.find(id);
    if (!chat) throw new Problem(404, 'No such chat', 'no chat has this identifier');
    const messages = await this.psap.desk.messages(chat.chat);
    return { ...chat, messages: messages.map(shownMessage) };
  }

  @Post('chats/:id/messages')
  @HttpCode(201)
  async say(@Param('id') id: string, @Body() body: unknown): Promise<ShownMessage> {
    const text = textOf(body);
    if (text === undefined || text === '') throw new Problem(400, 'No text', 'the body is {"text": "…"}');
    return answer(await this.psap.desk.say(id, text));
  }

  @Post('chats/:id/stop')
  @HttpCode(201)
  async stop(@Param('id') id: string, @Body() body: unknown): Promise<ShownMessage> {
    return answer(await this.psap.desk.stop(id, textOf(body)));
  }
}

const statusOf: Readonly<Record<DeskRefusal['code'], number>> = {
  'not-found': 404,
  'not-open': 409,
  'too-long': 413,
  'not-stored': 503,
  'no-agreement': 403,
  refused: 409,
  busy: 409,
  'bad-target': 400,
};

function answer(result: Result<MessageRecord, DeskRefusal>): ShownMessage {
  if (result.ok) return shownMessage(result.value);
  const { code, message } = result.error;
  throw new Problem(statusOf[code], code, message);
}

function textOf(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null || !('text' in body)) return undefined;
  return typeof body.text === 'string' ? body.text : undefined;
}
