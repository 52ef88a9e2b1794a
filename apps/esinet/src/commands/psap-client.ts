import { messageOf, type Result, err, ok } from '@esinet/kernel';

/** Why the PSAP did not do it: `code` of its problem+json, or `unreachable`. */
export interface PsapRefusal {
  readonly code: string;
  readonly status: number;
  readonly message: string;
}

export interface WaitingChat {
  readonly chat: string;
  readonly centre: string;
  readonly transferred?: boolean;
}

export interface SaidMessage {
  readonly sequence: number;
  readonly direction: 'in' | 'out';
  readonly text?: string;
  readonly kind: string;
}

export interface PsapEvent {
  readonly type: string;
  readonly chat?: string;
}

/** Milliseconds for one answer of the REST interface. */
export const restTimeoutMs = 5_000;
/** Pause before an event stream that broke is asked for again. */
export const streamPauseMs = 1_000;
/** Characters of one event that are kept; longer ones only tell that something happened. */
const maxEvent = 1_000_000;

/** The PSAP's REST interface as a call taker's program uses it. Nothing is thrown. */
export class PsapClient {
  readonly #url: string;

  constructor(
    url: string,
    /** Call taker in whose name everything is done. */
    readonly taker: string,
  ) {
    this.#url = url.replace(/\/$/, '');
  }

  signOn(o: {
    readonly name: string;
    readonly centres?: readonly string[];
    readonly seats: number;
  }): Promise<Result<unknown, PsapRefusal>> {
    return this.#ask('PUT', `/api/takers/${this.taker}`, o);
  }

  signOff(): Promise<Result<unknown, PsapRefusal>> {
    return this.#ask('DELETE', `/api/takers/${this.taker}`);
  }

  /** Chats the taker has now. */
  async mine(): Promise<Result<readonly string[], PsapRefusal>> {
    const answer = await this.#ask('GET', `/api/takers/${this.taker}`);
    return answer.ok ? ok(listOf<{ chat: string }>(answer.value, 'chats').map(({ chat }) => chat)) : answer;
  }

  async queue(): Promise<Result<readonly WaitingChat[], PsapRefusal>> {
    const answer = await this.#ask('GET', '/api/queue');
    return answer.ok ? ok(listOf<WaitingChat>(answer.value, 'chats')) : answer;
  }

  accept(chat: string): Promise<Result<unknown, PsapRefusal>> {
    return this.#ask('POST', `/api/chats/${chat}/accept`, { taker: this.taker });
  }

  release(chat: string): Promise<Result<unknown, PsapRefusal>> {
    return this.#ask('POST', `/api/chats/${chat}/release`, { taker: this.taker });
  }

  /** The sequence of what was said among the messages of the chat. */
  async say(chat: string, text: string): Promise<Result<number, PsapRefusal>> {
    const answer = await this.#ask('POST', `/api/chats/${chat}/messages`, { text, by: this.taker });
    if (!answer.ok) return answer;
    const { sequence } = answer.value as { sequence?: unknown };
    return ok(typeof sequence === 'number' ? sequence : 0);
  }

  note(chat: string, text: string): Promise<Result<unknown, PsapRefusal>> {
    return this.#ask('POST', `/api/chats/${chat}/notes`, { text, by: this.taker });
  }

  /** Who wrote notes into a chat. */
  async noteWriters(chat: string): Promise<Result<readonly string[], PsapRefusal>> {
    const answer = await this.#ask('GET', `/api/chats/${chat}/notes`);
    return answer.ok ? ok(listOf<{ by?: string }>(answer.value, 'notes').map(({ by }) => by ?? '')) : answer;
  }

  async messages(
    chat: string,
  ): Promise<Result<{ phase: string; messages: readonly SaidMessage[] }, PsapRefusal>> {
    const answer = await this.#ask('GET', `/api/chats/${chat}`);
    if (!answer.ok) return answer;
    const phase = (answer.value as { phase?: unknown }).phase;
    return ok({
      phase: typeof phase === 'string' ? phase : '',
      messages: listOf<SaidMessage>(answer.value, 'messages'),
    });
  }

  /**
   * What happens at the PSAP, for as long as `until` is not aborted; over broken connections and restarts, with the
   * last identifier told to the PSAP each time. `opened` is called with every new stream.
   */
  async events(o: {
    readonly until: AbortSignal;
    readonly opened: () => void;
    readonly heard: (event: PsapEvent) => void;
    readonly broken: (reason: string) => void;
  }): Promise<void> {
    let last: string | undefined;
    while (!o.until.aborted) {
      try {
        const response = await fetch(`${this.#url}/api/events`, {
          signal: o.until,
          headers: {
            accept: 'text/event-stream',
            ...(last === undefined ? {} : { 'last-event-id': last }),
          },
        });
        if (!response.ok || !response.body) throw new Error(`status ${response.status}`);
        o.opened();
        for await (const event of eventsOf(response.body)) {
          last = event.id ?? last;
          o.heard({ type: event.type, ...(event.chat !== undefined && { chat: event.chat }) });
        }
        if (!o.until.aborted) o.broken('ended');
      } catch (error) {
        if (!o.until.aborted) o.broken(messageOf(error));
      }
      if (!o.until.aborted) await new Promise((resolve) => setTimeout(resolve, streamPauseMs));
    }
  }

  async #ask(method: string, path: string, body?: object): Promise<Result<unknown, PsapRefusal>> {
    try {
      const response = await fetch(`${this.#url}${path}`, {
        method,
        signal: AbortSignal.timeout(restTimeoutMs),
        ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      });
      const text = await response.text();
      const value: unknown = text === '' ? {} : JSON.parse(text);
      if (response.ok) return ok(value);
      const { code, type, detail, title } = value as Record<string, unknown>;
      const named = [code, type].find((each) => typeof each === 'string') ?? '';
      const message = [detail, title].find((each) => typeof each === 'string') ?? '';
      return err({ code: String(named), status: response.status, message: String(message) });
    } catch (error) {
      return err({ code: 'unreachable', status: 0, message: messageOf(error) });
    }
  }
}

function listOf<T>(value: unknown, name: string): T[] {
  const list = (value as Record<string, unknown> | undefined)?.[name];
  return Array.isArray(list) ? (list as T[]) : [];
}

/** WHATWG HTML 9.2.6, as far as it is used here: fields id, event and data. */
export async function* eventsOf(
  body: AsyncIterable<Uint8Array>,
): AsyncGenerator<PsapEvent & { readonly id?: string }> {
  const decoder = new TextDecoder();
  let buffer = '';
  let id: string | undefined;
  let type = '';
  let data = '';
  for await (const chunk of body) {
    buffer += decoder.decode(chunk, { stream: true });
    let from = 0;
    for (let end = buffer.indexOf('\n'); end >= 0; end = buffer.indexOf('\n', from)) {
      const line = buffer.slice(from, buffer[end - 1] === '\r' ? end - 1 : end);
      from = end + 1;
      if (line === '') {
        if (type !== '' || data !== '')
          yield { type: type || 'message', ...chatOf(data), ...(id !== undefined && { id }) };
        type = data = '';
      } else if (line.startsWith('id:')) id = line.slice(3).trim();
      else if (line.startsWith('event:')) type = line.slice(6).trim();
      else if (line.startsWith('data:') && data.length < maxEvent) data += line.slice(5).trim();
    }
    buffer = buffer.slice(from);
    if (buffer.length > maxEvent) buffer = buffer.slice(0, 5);
  }
}

function chatOf(data: string): { chat?: string } {
  try {
    const { chat } = JSON.parse(data) as { chat?: unknown };
    return typeof chat === 'string' ? { chat } : {};
  } catch {
    return {};
  }
}
