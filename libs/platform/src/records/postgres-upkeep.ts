import { silentLogger, systemClock } from '@esinet/kernel';
import type { ClientBase } from 'pg';
import { migrate, schemaState } from './migrations/migrate.js';
import { postgresOptions } from './open-records.js';
import { recordsErrorOf } from './postgres-errors.js';
import { type Month, dropMonths, makeMonths, monthsThere } from './postgres-months.js';
import { makeDurable, openSession } from './postgres-session.js';
import { offerView } from './postgres-view.js';
import type { PostgresConfig } from './records-config.js';
import type { TlsOptions } from '../pki/tls-options.js';

/** One statement of an operator's command. */
const statementMs = 600_000;

export interface RecordsReport {
  readonly database: string;
  readonly schema: string;
  /** Of the tables there; 0 where there are none. */
  readonly version: number;
  /** The newest this program can make. */
  readonly known: number;
  readonly months: readonly Month[];
  /** Why an acknowledgement of this server is no promise. */
  readonly unsafe?: string;
}

export interface RecordsUpkeep {
  check(): Promise<RecordsReport>;
  /** Makes the tables, and the partitions of the months to come. Gives the steps and months made. */
  migrate(): Promise<{ readonly steps: readonly number[]; readonly months: readonly Month[] }>;
  /**
   * Lets a role read these collections and nothing else: makes the view, the role where it is not there (it can log in
   * once it has a password), and the grants. What the role was granted of the tables before is taken back.
   */
  offer(role: string, collections: readonly string[]): Promise<void>;
  /** Deletes every record that was first stored before that month. Gives the months dropped. */
  drop(before: Month): Promise<readonly Month[]>;
}

/** What an operator does with the tables. Each rejects with a RecordsError in a sentence. */
export function recordsUpkeep(config: PostgresConfig, tls?: TlsOptions): RecordsUpkeep {
  const { server, schema, times, monthsAhead } = postgresOptions(config, { tls, logger: silentLogger });
  const connected = async <T>(run: (client: ClientBase) => Promise<T>): Promise<T> => {
    const session = await openSession(server, { ...times, statementMs }, { clock: systemClock });
    try {
      return await run(session.client);
    } catch (error) {
      throw recordsErrorOf(error, server);
    } finally {
      await session.client.end();
    }
  };
  return {
    check: () =>
      connected(async (client) => {
        const unsafe = await makeDurable(client, server);
        const state = await schemaState(client, schema);
        const months = await monthsThere(client, schema);
        return {
          database: server.database,
          schema,
          ...state,
          months,
          ...(unsafe !== undefined && { unsafe }),
        };
      }),
    migrate: () =>
      connected(async (client) => {
        await makeDurable(client, server);
        const steps = await migrate(client, schema);
        return { steps, months: await makeMonths(client, schema, monthsAhead) };
      }),
    offer: (role, collections) =>
      connected(async (client) => {
        await schemaState(client, schema);
        await offerView(client, schema, role, collections);
      }),
    drop: (before) =>
      connected(async (client) => {
        await schemaState(client, schema);
        return dropMonths(client, schema, before);
      }),
  };
}
