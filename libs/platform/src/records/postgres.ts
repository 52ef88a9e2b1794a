// An entry of its own (@esinet/platform/postgres): who has no PostgreSQL does not load its driver.
export { migrate } from './migrations/migrate.js';
export { type PostgresOptions, PostgresRecords } from './postgres-records.js';
export { type RecordsReport, type RecordsUpkeep, recordsUpkeep } from './postgres-upkeep.js';
