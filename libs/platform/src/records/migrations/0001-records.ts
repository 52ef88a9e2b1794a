import type { Migration } from './migration.js';

/**
 * Values lie in one partition for each month, so that an old month goes with its table. A key has to be the only one
 * over all months, which no index over partitions can say unless the month is part of it: keys have a table of their
 * own, with the month their value lies in.
 *
 * `write_1` is one batch in one round trip and one transaction. Rows come in the order of collections and keys. It gives
 * the rows that were not there before and the fences that are in force, by their places in the arrays.
 */
export const records: Migration = {
  number: 1,
  name: 'records',
  sql: (schema) => `
create table ${schema}.record_keys (
  collection text collate "C" not null,
  key bytea not null,
  month date not null,
  primary key (collection, key)
);

create table ${schema}.record_values (
  month date not null,
  collection text collate "C" not null,
  key bytea not null,
  value text not null,
  primary key (month, collection, key)
) partition by range (month);

create table ${schema}.record_values_default partition of ${schema}.record_values default;

create table ${schema}.fences (
  name bytea primary key,
  epoch bigint not null
);

create function ${schema}.write_1(
  collections text[], keys bytea[], texts text[], overwrites boolean[], fence_numbers int[],
  fence_names bytea[], fence_epochs bigint[],
  out fresh int[], out in_force int[]
) language plpgsql as $function$
declare
  this_month constant date := date_trunc('month', now() at time zone 'utc')::date;
  stored_in date;
  w record;
begin
  fresh := '{}';
  in_force := '{}';
  -- Held until the end: who claims one of these names waits for this batch, or this batch for the claim.
  for w in
    select f.i from unnest(fence_names, fence_epochs) with ordinality as f(name, epoch, i)
    join ${schema}.fences held on held.name = f.name and held.epoch = f.epoch
    order by f.name for share of held
  loop
    in_force := in_force || w.i::int;
  end loop;
  for w in
    select * from unnest(collections, keys, texts, overwrites, fence_numbers)
      with ordinality as u(collection, key, value, overwrite, fence, i)
  loop
    continue when w.fence > 0 and not w.fence = any(in_force);
    insert into ${schema}.record_keys values (w.collection, w.key, this_month) on conflict do nothing;
    if found then
      insert into ${schema}.record_values values (this_month, w.collection, w.key, w.value);
      fresh := fresh || w.i::int;
    elsif w.overwrite then
      select k.month into strict stored_in from ${schema}.record_keys k
        where k.collection = w.collection and k.key = w.key;
      update ${schema}.record_values v set value = w.value
        where v.month = stored_in and v.collection = w.collection and v.key = w.key;
      if not found then
        -- Its month was dropped and its key not yet.
        update ${schema}.record_keys k set month = this_month
          where k.collection = w.collection and k.key = w.key;
        insert into ${schema}.record_values values (this_month, w.collection, w.key, w.value);
      end if;
    end if;
  end loop;
end
$function$;
`,
};
