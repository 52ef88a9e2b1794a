import type { ChatClient, ChatMessage, SendReport } from '@esinet/element-app';
import { blue, bold, dim, green, print, red, tell, yellow } from '../terminal.js';

/** What a person in need sees of a chat; with `json`, one object a line for a program. */
export class Screen {
  #waiting: ((message: ChatMessage | undefined) => void)[] = [];
  /** What came while one of ours was under way: the answer often overtakes the 200, and would be read before the question. */
  #held: ChatMessage[] | undefined;
  #phase = 'idle';

  constructor(private readonly json: boolean) {}

  watch(client: ChatClient): this {
    client.onMessage((message) => this.received(message));
    client.onNote((note) => this.note(words[note] ?? note));
    client.onState((phase) => this.#changed(client, phase));
    return this;
  }

  /** Shows a text of ours once it is known what became of it, then what came in the meantime. */
  async during(text: string, send: () => Promise<SendReport>): Promise<SendReport> {
    this.#held = [];
    const report = await send();
    const held = this.#held ?? [];
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
    const { sender, kind, text, messageId, mark } = message;
    if (this.json) print(JSON.stringify({ from: sender, kind, text, messageId, mark }));
    else
      print(
        `${blue(bold(centreOf(sender)))}  ${text}${dim(kind === 'in-chat' ? '' : `  [${kind}]`)}${yellow(mark ? `  [${mark}]` : '')}`,
      );
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

  /** TS 103 698 6.2.6, 6.2.7: a pending transfer or redirection has to be seen. */
  #changed(client: ChatClient, phase: string): void {
    const before = this.#phase;
    this.#phase = phase;
    if (this.json) {
      print(JSON.stringify({ phase, ...(client.target !== undefined && { target: client.target }) }));
      return;
    }
    const centre = client.target === undefined ? 'The centre' : centreOf(client.target);
    if (phase === 'transferring') {
      tell(
        yellow('You are being transferred to another centre. What you write now waits until it is there.'),
      );
    } else if (phase === 'redirecting') {
      tell(yellow(`You are being redirected to ${centre}. What you write now waits until it is there.`));
    } else if (phase === 'open' && (before === 'transferring' || before === 'redirecting')) {
      tell(yellow(`${centre} answers from now on.`));
    } else if (phase === 'open' && before === 'stopped') {
      tell(yellow(`${centre} calls back.`));
    }
  }
}

/** The notes of a session, for a person who knows nothing of sessions. */
const words: Readonly<Record<string, string>> = {
  silent: 'Nothing has been heard from the centre for a minute; the chat goes on.',
  'heard-again': 'The centre is there again.',
  queued: 'This waits until a centre is there.',
  gap: 'A message of the centre may be missing before this one.',
  late: 'A message came late:',
  undelivered: 'A message could not be delivered.',
  'redirect-failed': 'The new centre could not be reached; the emergency service is asked again.',
  'stalled-long': 'No centre has taken over yet; what you wrote goes to the one before.',
};

/** `madrid` of `sip:madrid@esinet.lab`. */
export function centreOf(uri: string): string {
  const user = uri.slice(uri.indexOf(':') + 1).split('@')[0];
  return user || uri;
}
