import type { Clock, Timer } from '@esinet/kernel';
import type { DeskEvent } from '../desk.js';
import type { EventsConfig } from './config.js';

/** Where a stream is written to: one HTTP response. */
export interface EventSink {
  write(text: string): void;
  /** Octets written and not yet gone. */
  readonly unread: number;
  /** Ends it properly. */
  end(): void;
  /** Ends it at once, unread octets and all. */
  cut(): void;
}

export interface Listening {
  readonly centre?: string | undefined;
  /** Last-Event-ID, as it came. */
  readonly after?: string | undefined;
}

interface Kept {
  readonly id: number;
  readonly centre: string | undefined;
  readonly frame: string;
}

/** Milliseconds after which a reader that lost its connection comes back. */
export const retryMs = 2_000;

/**
 * Server-sent events (WHATWG HTML 9.2) to all who listen. A reader that comes back is told what it missed as long as
 * that is kept, else it gets `missed` and has to look at everything anew. One that does not read is cut.
 */
export class EventStream {
  readonly #kept: Kept[] = [];
  #keptBytes = 0;
  /** Everything up to here is known to be kept no more. */
  #dropped: number;
  #last: number;
  readonly #listeners = new Map<EventSink, string | undefined>();
  #timer: Timer | undefined;

  constructor(
    private readonly o: {
      readonly clock: Clock;
      readonly config: EventsConfig;
      /** The identifier of what was told before this began; by the clock, unless given. */
      readonly after?: number;
      /** Name of this process where there are several: the identifiers of one say nothing to another. */
      readonly process?: string;
      readonly count?: (listeners: number, cut: boolean) => void;
    },
  ) {
    // Identifiers grow from one process to the next: what a former one told is not kept.
    this.#dropped = this.#last = o.after ?? Math.floor(o.clock.wall()) * 1_000;
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  get full(): boolean {
    return this.#listeners.size >= this.o.config.listeners;
  }

  /** Gives what ends it. */
  open(sink: EventSink, { centre, after }: Listening): () => void {
    this.#listeners.set(sink, centre);
    this.o.count?.(this.#listeners.size, false);
    this.#timer ??= this.o.clock.after(this.o.config.ping, () => this.#ping());
    sink.write(`retry: ${retryMs}\n`);
    const missed = after === undefined ? [] : this.#since(this.#identifierOf(after), centre);
    if (after === undefined) sink.write(frameOf(this.#named(this.#last), 'ready', {}));
    else if (!missed) sink.write(frameOf(this.#named(this.#last), 'missed', {}));
    else {
      sink.write('\n');
      for (const { frame } of missed) sink.write(frame);
    }
    return () => this.#leave(sink, false);
  }

  tell(event: DeskEvent): void {
    const { id, type, centre, pod: _pod, ...rest } = event;
    const frame = frameOf(this.#named(id), type, { ...rest, ...(centre !== undefined && { centre }) });
    this.#keep({ id, centre, frame });
    for (const [sink, wanted] of this.#listeners) if (concerns(centre, wanted)) this.#send(sink, frame);
  }

  #named(id: number): string {
    return this.o.process === undefined ? String(id) : `${id}-${this.o.process}`;
  }

  #identifierOf(text: string): number | undefined {
    const { process } = this.o;
    if (process === undefined) return identifierOf(text);
    return text.endsWith(`-${process}`) ? identifierOf(text.slice(0, -process.length - 1)) : undefined;
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const sink of this.#listeners.keys()) sink.end();
    this.#listeners.clear();
  }

  /** Undefined where some of it is not kept, or where it is more than a reader may leave unread. */
  #since(id: number | undefined, wanted: string | undefined): Kept[] | undefined {
    if (id === undefined || id < this.#dropped || id > this.#last) return undefined;
    const found = this.#kept.filter((kept) => kept.id > id && concerns(kept.centre, wanted));
    const octets = found.reduce((sum, { frame }) => sum + frame.length, 0);
    return octets > this.o.config.unreadBytes ? undefined : found;
  }

  #send(sink: EventSink, text: string): void {
    if (sink.unread + text.length > this.o.config.unreadBytes) this.#leave(sink, true);
    else sink.write(text);
  }

  #leave(sink: EventSink, cut: boolean): void {
    if (!this.#listeners.delete(sink)) return;
    if (cut) sink.cut();
    this.o.count?.(this.#listeners.size, cut);
  }

  #keep(kept: Kept): void {
    this.#last = kept.id;
    this.#kept.push(kept);
    this.#keptBytes += kept.frame.length;
    while (this.#kept.length > this.o.config.kept || this.#keptBytes > this.o.config.keptBytes) {
      const gone = this.#kept.shift();
      if (!gone) break;
      this.#keptBytes -= gone.frame.length;
      this.#dropped = gone.id;
    }
  }

  #ping(): void {
    for (const sink of this.#listeners.keys()) this.#send(sink, ': ping\n\n');
    this.#timer =
      this.#listeners.size === 0 ? undefined : this.o.clock.after(this.o.config.ping, () => this.#ping());
  }
}

/** What belongs to no centre concerns everybody. */
function concerns(centre: string | undefined, wanted: string | undefined): boolean {
  return wanted === undefined || centre === undefined || centre === wanted;
}

function frameOf(id: string, type: string, data: object): string {
  // JSON has no line break outside of strings, and there it is written as \n.
  return `id: ${id}\nevent: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
}

function identifierOf(text: string): number | undefined {
  if (text === '' || text.length > 16) return undefined;
  for (const char of text) if (char < '0' || char > '9') return undefined;
  return Number(text);
}
