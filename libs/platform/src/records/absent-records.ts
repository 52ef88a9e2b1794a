import { type Records, RecordsError } from './records.js';

/** What an element gets that was given no data folder: it may start, but nothing it is told to keep is accepted. */
export function absentRecords(): Records {
  const refuse = (): Promise<never> =>
    Promise.reject(new RecordsError('closed', 'no data folder is configured, so nothing can be stored'));
  return {
    append: refuse,
    put: refuse,
    get: refuse,
    list: refuse,
    write: refuse,
    claim: refuse,
    exclusive: true,
    close: () => Promise.resolve(),
  };
}
