import type { LoggerService } from '@nestjs/common';
import type { Logger } from '@esinet/kernel';

/** Lets Nest speak through our logger. Its start-up chatter is of interest only when something is being debugged. */
export function nestLogger(logger: Logger): LoggerService {
  const fields = (message: unknown, rest: readonly unknown[]) => {
    const context = rest.at(-1);
    return {
      message:
        message instanceof Error
          ? message.message
          : typeof message === 'string'
            ? message
            : JSON.stringify(message),
      context: typeof context === 'string' ? context : undefined,
    };
  };
  return {
    log: (message: unknown, ...rest: unknown[]) => logger.debug('nest', fields(message, rest)),
    debug: (message: unknown, ...rest: unknown[]) => logger.debug('nest', fields(message, rest)),
    verbose: (message: unknown, ...rest: unknown[]) => logger.debug('nest', fields(message, rest)),
    warn: (message: unknown, ...rest: unknown[]) => logger.warn('nest', fields(message, rest)),
    error: (message: unknown, ...rest: unknown[]) => logger.error('nest', fields(message, rest)),
    fatal: (message: unknown, ...rest: unknown[]) => logger.error('nest', fields(message, rest)),
  };
}
