import { messageOf } from '@esinet/kernel';
import { type RecordsUpkeep, recordsUpkeep } from '@esinet/platform/postgres';
import { offeredCollections } from '@esinet/element-psap';
import { readEsinetConfig } from '../read-config.js';
import { exit, print, printJson, red, tell, yellow } from '../terminal.js';

export interface RecordsOptions {
  readonly config?: string;
  readonly json?: boolean;
}

/** `esinet records check`: 1 where the tables are not those this program works with, or the server may lose records. */
export function recordsCheck(o: RecordsOptions): Promise<number> {
  return withServer(o, async (upkeep) => {
    const report = await upkeep.check();
    const { database, schema, version, known, months, unsafe } = report;
    const good = version === known && unsafe === undefined;
    if (o.json) {
      printJson(report);
      return good ? exit.ok : exit.failed;
    }
    if (version === 0)
      print(yellow(`${database} has no records in schema ${schema}: esinet records migrate makes them.`));
    else if (version < known)
      print(
        yellow(
          `Version ${version} in ${database}, this program works with ${known}: esinet records migrate.`,
        ),
      );
    else
      print(`Version ${version} in ${database}, schema ${schema}. Months: ${months.join(', ') || 'none'}.`);
    if (unsafe !== undefined) print(red(unsafe));
    return good ? exit.ok : exit.failed;
  });
}

/** `esinet records migrate` */
export function recordsMigrate(o: RecordsOptions): Promise<number> {
  return withServer(o, async (upkeep) => {
    const made = await upkeep.migrate();
    if (o.json) printJson(made);
    else {
      print(
        made.steps.length > 0 ? `Brought to version ${made.steps.at(-1)}.` : 'The tables are up to date.',
      );
      if (made.months.length > 0) print(`Partitions made: ${made.months.join(', ')}`);
    }
    return exit.ok;
  });
}

/** `esinet records drop --before 2026-01` */
export function recordsDrop(o: RecordsOptions & { readonly before: string }): Promise<number> {
  return withServer(o, async (upkeep) => {
    const dropped = await upkeep.drop(o.before);
    if (o.json) printJson({ dropped });
    else
      print(dropped.length > 0 ? `Dropped: ${dropped.join(', ')}` : `There is no month before ${o.before}.`);
    return exit.ok;
  });
}

/** `esinet records offer --role esinet_handover` */
export function recordsOffer(o: RecordsOptions & { readonly role: string }): Promise<number> {
  return withServer(o, async (upkeep) => {
    await upkeep.offer(o.role, offeredCollections);
    if (o.json) printJson({ role: o.role, collections: offeredCollections });
    else {
      print(`${o.role} can read ${offeredCollections.join(', ')}, and nothing else.`);
      print(`Without a password it cannot log in: alter role ${o.role} password '…';`);
    }
    return exit.ok;
  });
}

async function withServer(
  o: RecordsOptions,
  run: (upkeep: RecordsUpkeep) => Promise<number>,
): Promise<number> {
  const read = readEsinetConfig(o.config);
  if (!read.ok) {
    for (const line of read.error) tell(line);
    return exit.failed;
  }
  const { records } = read.value.value;
  if (records.kind !== 'postgres') {
    tell(`records.kind is ${records.kind}: only PostgreSQL has tables to look after.`);
    return exit.failed;
  }
  try {
    return await run(recordsUpkeep(records));
  } catch (error) {
    tell(red(messageOf(error)));
    return exit.failed;
  }
}
