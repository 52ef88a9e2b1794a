import { records } from './0001-records.js';
import type { Migration } from './migration.js';

/** In their order. */
export const migrations: readonly Migration[] = [records];
