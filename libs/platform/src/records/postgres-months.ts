import type { ClientBase } from 'pg';
import { quoted } from './migrations/migrate.js';

/** `2026-01`: a month, as partitions are named by it. */
export type Month = string;

const monthForm = /^\d{4}-(0[1-9]|1[0-2])$/;

export function isMonth(text: string): text is Month {
  return monthForm.test(text);
}

/** The month so many later. */
export function monthAfter(month: Month, count: number): Month {
  const [year = 0, number = 1] = month.split('-').map(Number);
  const months = year * 12 + (number - 1) + count;
  return `${String(Math.floor(months / 12)).padStart(4, '0')}-${String((months % 12) + 1).padStart(2, '0')}`;
}

/** Months that have a partition, in their order. */
export async function monthsThere(client: ClientBase, schema: string): Promise<Month[]> {
  const { rows } = await client.query<{ name: string }>(
    `select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
     where i.inhparent = to_regclass($1)`,
    [`${quoted(schema)}.record_values`],
  );
  return rows
    .map(({ name }) => /^record_values_(\d{4})_(\d{2})$/.exec(name))
    .flatMap((match) => (match ? [`${match[1]}-${match[2]}`] : []))
    .sort();
}

/**
 * Makes the partitions of this month and of those to come, where they are missing. A month the default partition has
 * records of already stays there. Gives the months made.
 */
export async function makeMonths(client: ClientBase, schema: string, ahead: number): Promise<Month[]> {
  const name = quoted(schema);
  const there = new Set(await monthsThere(client, schema));
  const { rows } = await client.query<{ month: string }>(
    `select to_char(now() at time zone 'utc', 'YYYY-MM') as month`,
  );
  const current = rows[0]?.month ?? '';
  const made: Month[] = [];
  for (let i = 0; i <= ahead; i++) {
    const month = monthAfter(current, i);
    if (there.has(month)) continue;
    const { rows: kept } = await client.query(
      `select from ${name}.record_values_default where month = $1::date limit 1`,
      [`${month}-01`],
    );
    if (kept.length > 0) continue;
    await client.query(
      `create table if not exists ${name}.record_values_${month.replace('-', '_')} partition of ${name}.record_values
       for values from ('${month}-01') to ('${monthAfter(month, 1)}-01')`,
    );
    made.push(month);
  }
  return made;
}

/** Takes away every month before that one: its values with their table, then the keys. Gives the months dropped. */
export async function dropMonths(client: ClientBase, schema: string, before: Month): Promise<Month[]> {
  const name = quoted(schema);
  const old = (await monthsThere(client, schema)).filter((month) => month < before);
  for (const month of old) await client.query(`drop table ${name}.record_values_${month.replace('-', '_')}`);
  await client.query(`delete from ${name}.record_values_default where month < $1::date`, [`${before}-01`]);
  await client.query(`delete from ${name}.record_keys where month < $1::date`, [`${before}-01`]);
  return old;
}
