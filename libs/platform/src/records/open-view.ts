import { type Clock, type Logger, messageOf } from '@esinet/kernel';
import type { TlsOptions } from '../pki/tls-options.js';
import { postgresServerOf } from './open-records.js';
import type { Records } from './records.js';
import type { PostgresViewConfig } from './records-config.js';

/** Records that can be read and not written. */
export interface RecordsReader extends Pick<Records, 'get' | 'list'> {
  /** The sentence that says why nothing can be read now. */
  check(): Promise<string | undefined>;
  close(): Promise<void>;
}

/** What `esinet records offer` offers. Nothing is connected yet. @throws RecordsError `refused` for a file of `tls` */
export async function openPostgresView(
  config: PostgresViewConfig,
  o: { readonly tls: TlsOptions | undefined; readonly logger: Logger; readonly clock: Clock },
): Promise<RecordsReader> {
  const { PostgresView } = await import('./postgres-view.js');
  const view = new PostgresView({
    server: postgresServerOf(config, o.tls),
    schema: config.schema,
    pool: config.pool,
    times: { connectMs: config.connectTimeout, statementMs: config.timeout },
    clock: o.clock,
  });
  await view.check().then(
    (problem) => {
      if (problem !== undefined) o.logger.warn('records view away', { reason: problem });
    },
    (error: unknown) => o.logger.warn('records view away', { reason: messageOf(error) }),
  );
  return view;
}
