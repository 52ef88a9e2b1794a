import { createInterface } from 'node:readline';
import { messageOf } from '@esinet/kernel';
import { type ChatClient, type ChatMessage, type SendReport, openChat } from '@esinet/element-app';
import { blue, bold, dim, exit, green, print, red, tell, yellow } from '../terminal.js';
import { type CallerOptions, callerWay } from './caller-options.js';

export interface ChatOptions extends CallerOptions {
  /** Seconds to wait for an answer to each message. */
  readonly wait: number;
}

/** `esinet chat`: a person in need. Each text is one message; without any, what is typed is sent line by line. */
export async function chat(texts: readonly string[], o: ChatOptions): Promise<number> {
  const way = await callerWay(o);
  if (!way.ok) {
    tell(red(way.error));
    return exit.failed;
  }
  let client: ChatClient;
  try {
    client = await openChat(way.value);
  } catch (error) {
    tell(red(`Cannot reach ${o.via}:${way.value.via.host}:${way.value.via.port}: ${messageOf(error)}`));
    tell(dim('Is the ESInet running (npm start)?'));
    return exit.unreachable;
  }
  const screen = new Screen(o.json === true);
  client.onMessage((message) => screen.received(message));
  client.onNote((note) => screen.note(note));
  try {
    return texts.length > 0 ? await say(client, texts, o, screen) : await converse(client, screen);
  } finally {
    await client.close();
  }
}

/** Sends the texts in turn, each after an answer to the one before, and ends the chat. */
async function say(
  client: ChatClient,
  texts: readonly string[],
  o: ChatOptions,
  screen: Screen,
): Promise<number> {
  for (const [index, text] of texts.entries()) {
    const answer = screen.next(o.wait * 1000);
    const report = await screen.during(text, () => (index === 0 ? client.start(text) : client.say(text)));
    if (!report.delivered) return report.status === 0 ? exit.unreachable : exit.failed;
    if (!(await answer)) {
      screen.note(`no answer within ${o.wait} s`);
      return exit.failed;
    }
  }
  const report = await client.stop('The chat was ended by the caller.');
  screen.note(report.delivered ? 'chat ended' : 'the end of the chat was not delivered');
  return exit.ok;
}

async function converse(client: ChatClient, screen: Screen): Promise<number> {
  const lines = createInterface({ input: process.stdin, prompt: '> ' });
  if (process.stdin.isTTY) tell(dim('Type what you want to say; an empty line ends the chat.'));
  let started = false;
  let code: number = exit.ok;
  for await (const line of lines) {
    const text = line.trim();
    if (text === '') break;
    const report = await screen.during(text, () => (started ? client.say(text) : client.start(text)));
    if (!report.delivered && !started) {
      code = report.status === 0 ? exit.unreachable : exit.failed;
      break;
    }
    started = true;
    // Piped in, the next line is there already: the centre gets time to answer as it would from a person.
    if (!process.stdin.isTTY) await screen.next(2_000);
  }
  lines.close();
  if (started && client.phase === 'open') await client.stop('The chat was ended by the caller.');
  return code;
}

class Screen {
  #waiting: ((message: ChatMessage | undefined) => void)[] = [];
  /** What came while one of ours was under way: the answer often overtakes the 200, and would be read before the question. */
  #held: ChatMessage[] | undefined;

  constructor(private readonly json: boolean) {}

  /** Shows a text of ours once it is known what became of it, then what came in the meantime. */
  async during(text: string, send: () => Promise<SendReport>): Promise<SendReport> {
    this.#held = [];
    const report = await send();
    const held = this.#held;
    this.#held = undefined;
    this.sent(text, report);
    for (const message of held) this.received(message);
    return report;
  }

  received(message: ChatMessage): void {
    if (this.#held) {
      this.#held.push(message);
      return;
    }
    const { sender, kind, text, messageId } = message;
    if (this.json) print(JSON.stringify({ from: sender, kind, text, messageId }));
    else print(`${blue(bold(centreOf(sender)))}  ${text}${kind === 'in-chat' ? '' : dim(`  [${kind}]`)}`);
    for (const give of this.#waiting.splice(0)) give(message);
  }

  sent(text: string, report: SendReport): void {
    if (this.json) print(JSON.stringify({ sent: text, ...report }));
    else if (report.delivered) print(`${green('you')}  ${text}  ${dim(`${report.status}, recorded`)}`);
    else print(`${red('not delivered')}  ${text}  ${report.status || ''} ${report.reason ?? ''}`);
  }

  note(note: string): void {
    if (this.json) print(JSON.stringify({ note }));
    else tell(yellow(note));
  }

  /** The next message of the far end, or nothing within `ms`. */
  next(ms: number): Promise<ChatMessage | undefined> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(undefined), ms);
      this.#waiting.push((message) => {
        clearTimeout(timer);
        resolve(message);
      });
    });
  }
}

/** `madrid` of `sip:madrid@esinet.lab`. */
function centreOf(uri: string): string {
  const user = uri.slice(uri.indexOf(':') + 1).split('@')[0];
  return user || uri;
}
