import { readFile } from 'node:fs/promises';
import { messageOf } from '@esinet/kernel';
import { dim, exit, print, red, tell, yellow } from '../terminal.js';
import {
  type Interview,
  type InterviewEvent,
  type InterviewScript,
  firstQuestions,
  interview,
  newInterview,
  readScript,
} from './interview.js';
import { PsapClient } from './psap-client.js';

export interface BotOptions {
  readonly psap?: string;
  readonly portOffset: number;
  readonly centre?: readonly string[];
  readonly questions?: string;
  readonly name: string;
  readonly seats: number;
  /** Seconds to wait for an answer. */
  readonly patience: number;
  readonly json?: boolean;
}

/** `esinet bot`: asks the first questions in new chats and hands each over to a person (TS 103 698 D.3). */
export async function bot(o: BotOptions): Promise<number> {
  let script: InterviewScript = firstQuestions;
  if (o.questions !== undefined) {
    const read = await scriptOf(o.questions);
    if (typeof read === 'string') {
      tell(red(`${o.questions}: ${read}`));
      return exit.failed;
    }
    script = read;
  }
  const url = o.psap ?? `http://127.0.0.1:${15_090 + o.portOffset}`;
  const psap = new PsapClient(url, o.name);
  const running = new Bot(psap, script, o);
  const signedOn = await running.begin();
  if (signedOn !== undefined) {
    tell(red(`${url}: ${signedOn}`));
    tell(dim('Is the ESInet running (npm start)? Another PSAP is named by --psap URL.'));
    return exit.unreachable;
  }
  if (!o.json) print(dim(`${o.name} takes new chats at ${url}. Ctrl-C hands all of them to people.`));
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  await running.run(stop);
  await running.end();
  return running.failed ? exit.failed : exit.ok;
}

async function scriptOf(file: string): Promise<InterviewScript | string> {
  try {
    return readScript(await readFile(file, 'utf8'));
  } catch (error) {
    return messageOf(error);
  }
}

/** Pause before a chat is given back once more, and how often that is tried when the bot ends. */
export const releasePauseMs = 2_000;
export const lastTries = 5;

/** A chat the bot has. */
interface Held {
  state: Interview;
  /** Sequence of the last message that was looked at. */
  last: number;
  /** Sequence of the latest question: what was recorded before it is no answer to it. */
  asked: number;
  timer?: NodeJS.Timeout;
  /** What is done in one chat is done in order. */
  work: Promise<void>;
}

class Bot {
  /** The PSAP gives chats to takers by itself: one that hands over would get them back. */
  failed = false;
  readonly #held = new Map<string, Held>();
  /** Looked at and left to people. */
  readonly #left = new Set<string>();
  #looking: Promise<void> | undefined;
  #lookAgain = false;
  #ending = false;

  constructor(
    private readonly psap: PsapClient,
    private readonly script: InterviewScript,
    private readonly o: BotOptions,
  ) {}

  /** Why it cannot begin. Chats of a former run go to people. */
  async begin(): Promise<string | undefined> {
    const { centre, name, seats } = this.o;
    const signedOn = await this.psap.signOn({ name, seats, ...(centre && { centres: centre }) });
    if (!signedOn.ok) return signedOn.error.message || signedOn.error.code;
    const mine = await this.psap.mine();
    for (const chat of mine.ok ? mine.value : []) {
      await this.psap.note(chat, 'Bot: restarted, handed over');
      await this.#release(chat);
      this.#left.add(chat);
    }
    return undefined;
  }

  async run(stop: AbortController): Promise<void> {
    await this.psap.events({
      until: stop.signal,
      opened: () => {
        this.#look(stop);
        for (const chat of this.#held.keys()) this.#listen(chat);
      },
      heard: ({ type, chat }) => {
        if (type === 'queue' || type === 'chat' || type === 'missed') this.#look(stop);
        if (chat !== undefined && this.#held.has(chat)) this.#listen(chat);
      },
      broken: (reason) => this.#tell({ broken: reason }),
    });
  }

  /** Whoever is still with the bot gets a person. */
  async end(): Promise<void> {
    this.#ending = true;
    for (const [chat, held] of this.#held) this.#step(chat, held, { type: 'failed' });
    await Promise.all([...this.#held.values()].map((held) => held.work));
    await this.psap.signOff();
  }

  /** One look at the queue at a time; what happens meanwhile makes another. */
  #look(stop: AbortController): void {
    if (this.#looking) {
      this.#lookAgain = true;
      return;
    }
    this.#looking = this.#takeNew(stop)
      .catch((error: unknown) => this.#tell({ failed: messageOf(error) }))
      .finally(() => {
        this.#looking = undefined;
        if (this.#lookAgain && !stop.signal.aborted) {
          this.#lookAgain = false;
          this.#look(stop);
        }
      });
  }

  async #takeNew(stop: AbortController): Promise<void> {
    const left = new Set(this.#left);
    const mine = await this.psap.mine();
    for (const chat of mine.ok ? mine.value : []) {
      if (this.#held.has(chat) || (this.#left.has(chat) && !left.has(chat))) continue;
      if (left.has(chat)) {
        const now = await this.psap.messages(chat);
        if (!now.ok || now.value.phase !== 'open') continue;
        this.failed = true;
        tell(red('The PSAP gives back what was handed over (psap.takers.assign: push): no place for a bot.'));
        stop.abort();
        return;
      }
      // Given to the bot without its asking.
      await this.#begin(chat);
    }
    const queue = await this.psap.queue();
    if (!queue.ok) return;
    const { centre } = this.o;
    for (const waiting of queue.value) {
      const { chat } = waiting;
      if (this.#held.has(chat) || this.#left.has(chat)) continue;
      if (this.#held.size >= this.o.seats || stop.signal.aborted) return;
      if (centre && !centre.includes(waiting.centre)) continue;
      // A person has been with it already, here or at another centre.
      const writers = await this.psap.noteWriters(chat);
      if (waiting.transferred || (writers.ok && writers.value.includes(this.psap.taker))) {
        this.#left.add(chat);
        continue;
      }
      const accepted = await this.psap.accept(chat);
      if (accepted.ok) await this.#begin(chat);
    }
  }

  async #begin(chat: string): Promise<void> {
    const held: Held = { state: newInterview, last: 0, asked: 0, work: Promise.resolve() };
    this.#held.set(chat, held);
    this.#tell({ accepted: chat });
    const now = await this.psap.messages(chat);
    const messages = now.ok ? now.value.messages : [];
    held.last = Math.max(0, ...messages.map(({ sequence }) => sequence));
    const said = messages.flatMap(({ direction, text }) => (direction === 'in' && text ? [text] : []));
    this.#step(chat, held, { type: 'begin', said });
  }

  /** What was said since the last look. */
  #listen(chat: string): void {
    const held = this.#held.get(chat);
    if (!held) return;
    held.work = held.work.then(async () => {
      if (!this.#held.has(chat)) return;
      const now = await this.psap.messages(chat);
      if (!now.ok) return;
      const { phase, messages } = now.value;
      const news = messages.filter(({ sequence }) => sequence > held.last);
      held.last = Math.max(held.last, ...news.map(({ sequence }) => sequence));
      for (const { direction, text, sequence } of news) {
        if (direction !== 'in' || !text) continue;
        const type = sequence > held.asked ? 'heard' : 'aside';
        await this.#perform(chat, held, { type, text });
      }
      if (phase !== 'open') this.#leave(chat, held);
    });
  }

  #step(chat: string, held: Held, event: InterviewEvent): void {
    held.work = held.work.then(() => this.#perform(chat, held, event));
  }

  async #perform(chat: string, held: Held, event: InterviewEvent): Promise<void> {
    clearTimeout(held.timer);
    const [next, effects] = interview(held.state, event, this.script);
    held.state = next;
    for (const effect of effects) {
      switch (effect.type) {
        case 'say': {
          const said = await this.psap.say(chat, effect.text);
          // Neither heard nor waited for: people see to it.
          if (!said.ok && !held.state.done) return this.#perform(chat, held, { type: 'failed' });
          if (said.ok) held.asked = Math.max(held.asked, said.value);
          this.#tell({ chat, said: effect.text });
          break;
        }
        case 'note':
          await this.psap.note(chat, effect.text);
          this.#tell({ chat, note: effect.text });
          break;
        case 'wait':
          held.timer = setTimeout(
            () => this.#step(chat, held, { type: 'patience' }),
            this.o.patience * 1_000,
          );
          break;
        case 'hand-over': {
          this.#tell({ chat, handedOver: await this.#release(chat) });
          this.#leave(chat, held);
          break;
        }
      }
    }
  }

  /** Until the PSAP has heard it: a chat that stays with a bot that has left it has nobody. */
  async #release(chat: string): Promise<boolean> {
    for (let tries = 1; ; tries++) {
      const released = await this.psap.release(chat);
      if (released.ok) return true;
      const { status } = released.error;
      if ((status > 0 && status < 500) || (this.#ending && tries >= lastTries)) return false;
      await new Promise((resolve) => setTimeout(resolve, releasePauseMs));
    }
  }

  #leave(chat: string, held: Held): void {
    clearTimeout(held.timer);
    this.#held.delete(chat);
    this.#left.add(chat);
  }

  #tell(what: Readonly<Record<string, unknown>>): void {
    if (this.o.json) print(JSON.stringify(what));
    else if ('broken' in what) tell(yellow(`the event stream broke: ${String(what['broken'])}`));
    else if ('said' in what) print(`${short(what['chat'])}  ${String(what['said'])}`);
    else if ('note' in what) print(dim(`${short(what['chat'])}  note: ${String(what['note'])}`));
    else if ('handedOver' in what) print(dim(`${short(what['chat'])}  handed over`));
    else if ('accepted' in what) print(dim(`${short(what['accepted'])}  accepted`));
    else tell(yellow(JSON.stringify(what)));
  }
}

function short(chat: unknown): string {
  return String(chat).slice(0, 8);
}
