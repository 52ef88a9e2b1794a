import { type Logger, type Result, err, messageOf } from '@esinet/kernel';
import type { Desk, DeskRefusal } from '../desk.js';
import type { ChatRecord } from '../message-record.js';

export type Assigned = Promise<Result<ChatRecord, DeskRefusal>>;

/** Records whose chat it is: of one chat one after the other, so that the last word stays. */
export class Assignments {
  readonly #last = new Map<string, Assigned>();

  constructor(
    private readonly o: {
      readonly desk: Pick<Desk, 'assign'>;
      readonly logger: Logger;
      readonly onFailure: (chat: string, taker: string) => void;
    },
  ) {}

  /** Whether it is being recorded whose chat it is. */
  busy(chat: string): boolean {
    return this.#last.has(chat);
  }

  /** Never rejects. */
  record(chat: string, taker: string | undefined): Assigned {
    const after = this.#last.get(chat) ?? Promise.resolve();
    const done: Assigned = after
      .then(() => this.o.desk.assign(chat, taker))
      .catch((error: unknown) => err({ code: 'not-stored' as const, message: messageOf(error) }))
      .then((result) => {
        if (this.#last.get(chat) === done) this.#last.delete(chat);
        if (!result.ok) this.#failed(chat, taker, result.error);
        return result;
      });
    this.#last.set(chat, done);
    return done;
  }

  #failed(chat: string, taker: string | undefined, { code }: DeskRefusal): void {
    // A chat that ended meanwhile needs no call taker.
    if (code !== 'not-open' && code !== 'taken')
      this.o.logger.error('call taker of a chat not recorded', { code });
    if (taker !== undefined) this.o.onFailure(chat, taker);
  }
}
