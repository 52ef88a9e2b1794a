import type { Clock, LogFields, Logger } from '@esinet/kernel';
import pino from 'pino';
import { LogFlood } from './log-flood.js';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

export interface LogOptions {
  readonly level: LogLevel;
  /** `json`: one object a line; `text`: one readable line each; `auto`: text when people look at it. */
  readonly format?: 'auto' | 'json' | 'text';
  /** Where lines go; standard output when not given. */
  readonly write?: (line: string) => void;
  /** Measures the second of `LogFlood`. */
  readonly clock?: Clock;
}

/** Characters of one field in a text line. */
const maxTextField = 300;

/** A logger of lines `{level, time, event, element, …}`. Failing to write never troubles the program. */
export function createLogger(o: LogOptions): Logger {
  const text = o.format === 'text' || ((o.format ?? 'auto') === 'auto' && process.stdout.isTTY);
  const options: pino.LoggerOptions = {
    level: o.level,
    base: null,
    messageKey: 'event',
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (level) => ({ level }) },
  };
  const write = o.write ?? stdoutWriter();
  const target = pino(options, { write: text ? (line: string) => write(textLine(line)) : write });
  const flood = new LogFlood((of, lines) => target.warn({ of, lines }, 'lines left out'), o.clock);
  return adapt(target, flood);
}

/** `debug` is not guarded: whoever asks for it wants all of it. */
function adapt(target: pino.Logger, flood: LogFlood): Logger {
  const at =
    (level: 'info' | 'warn' | 'error') =>
    (event: string, fields?: LogFields): void => {
      if (target.isLevelEnabled(level) && flood.passes(event)) target[level](fields ?? {}, event);
    };
  return {
    debug: (event, fields) => target.debug(fields ?? {}, event),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields: LogFields) => adapt(target.child(fields), flood),
  };
}

/** A full disk or a closed pipe must not end a program that carries emergency calls: logs are dropped first. */
function stdoutWriter(): (line: string) => void {
  const destination = pino.destination({ dest: 1, sync: true });
  destination.on('error', () => undefined);
  return (line) => {
    try {
      destination.write(line);
    } catch {
      // Dropped.
    }
  };
}

/** `12:00:00.123 info  bcf  element started  host=127.0.0.1 port=15960` */
export function textLine(json: string): string {
  const { time, level, event, element, ...fields } = JSON.parse(json) as Record<string, unknown>;
  const rest = Object.entries(fields).map(([key, value]) => `${key}=${plain(String(value))}`);
  const clock = String(time).slice(11, 23);
  const who = element === undefined ? '' : `${plain(String(element)).padEnd(8)} `;
  const line = `${clock} ${String(level).padEnd(5)} ${who}${printable(String(event))}`;
  return `${rest.length > 0 ? `${line}  ${rest.join(' ')}` : line}\n`;
}

function plain(value: string): string {
  const text = value.length > maxTextField ? `${value.slice(0, maxTextField)}…` : value;
  const quoted = text === '' || text.includes(' ') || text.includes('"') || text.includes('=');
  return quoted ? JSON.stringify(printable(text)) : printable(text);
}

/** A line stays one line, and a terminal is not told what to do by a stranger's text. */
function printable(text: string): string {
  let safe = '';
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0;
    const control = code < 0x20 || (code >= 0x7f && code < 0xa0) || code === 0x2028 || code === 0x2029;
    safe += control ? `\\u${code.toString(16).padStart(4, '0')}` : char;
  }
  return safe;
}
