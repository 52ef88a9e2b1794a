import { Inject, Injectable } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import type { ChatRecord } from '../message-record.js';
import { PsapService } from '../psap-service.js';
import { TakerDesk } from '../takers/taker-desk.js';
import { pathOf } from './input.js';
import { Problem } from './problem.js';
import { idParameter, takerName } from './schemas.js';

/** The chat that a request names, and who asks. */
@Injectable()
export class ChatRoom {
  constructor(
    @Inject(PsapService) private readonly psap: PsapService,
    @Inject(TakerDesk) private readonly takers: TakerDesk,
  ) {}

  /** @throws Problem */
  async find(id: unknown): Promise<ChatRecord> {
    const chat = await this.psap.desk.find(pathOf(idParameter, id));
    if (!chat) throw new Problem('not-found', 'no chat has this identifier');
    return chat;
  }

  /** The chat and who acts in it, if that one may. @throws Problem */
  async act(
    id: unknown,
    request: IncomingMessage,
    body: { readonly by?: string | undefined },
  ): Promise<{ chat: ChatRecord; by: string | undefined }> {
    const chat = await this.find(id);
    const by = speaker(request, body.by);
    const refusal = this.takers.maySpeak(chat, by);
    if (refusal) throw new Problem(refusal.code, refusal.message);
    return { chat, by };
  }
}

/** X-Taker, or `by` of the body. @throws Problem */
export function speaker(request: IncomingMessage, by: string | undefined): string | undefined {
  const header = request.headers['x-taker'];
  if (header === undefined) return by;
  const named = takerName.safeParse(header);
  if (!named.success) throw new Problem('bad-request', 'header X-Taker: letters, digits and . _ @ + -');
  if (by !== undefined && by !== named.data) {
    throw new Problem('bad-request', 'X-Taker and by name two call takers');
  }
  return named.data;
}
