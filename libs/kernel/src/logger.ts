/**
 * Fields of a log line. Never a location, a text of a chat, a display name or a whole message: those are personal
 * data. Identifiers of calls, status codes, addresses of peers and reasons are what belongs here.
 */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Logging as a port. `event` is a short fixed phrase, so that lines can be counted. */
export interface Logger {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
  /** A logger that adds `fields` to each of its lines. */
  child(fields: LogFields): Logger;
}

export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLogger,
};

/** The text of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
