import { type Command, InvalidArgumentError, Option } from 'commander';
import type { RecordsOptions } from './records-upkeep.js';

type Running = <A extends unknown[]>(
  command: (...args: A) => Promise<number>,
) => (...args: A) => Promise<void>;

const after = `
Exit codes: 0 fine, 1 a problem, 2 wrong use.`;

function month(text: string): string {
  if (!/^\d{4}-(0[1-9]|1[0-2])$/.test(text)) throw new InvalidArgumentError('A month is 2026-01.');
  return text;
}

function role(text: string): string {
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(text))
    throw new InvalidArgumentError('A role is a name of a-z, 0-9 and _.');
  return text;
}

/** `esinet records`: for who keeps the PostgreSQL server. What it needs is loaded when one of its commands runs. */
export function addRecords(esinet: Command, running: Running, json: Option): void {
  const records = esinet
    .command('records')
    .description('the tables of records on PostgreSQL: check, make, drop old months')
    .addHelpText('after', after);
  const command = (name: string, description: string): Command =>
    records
      .command(name)
      .description(description)
      .option('--config <file>', 'YAML; without it esinet.yaml where there is one')
      .addOption(json);
  command('check', 'whether the server is as it has to be, and which version its tables are').action(
    running(async (o: RecordsOptions) => (await import('./records-upkeep.js')).recordsCheck(o)),
  );
  command('migrate', 'bring the tables up to date, and make the partitions of the months to come').action(
    running(async (o: RecordsOptions) => (await import('./records-upkeep.js')).recordsMigrate(o)),
  );
  command('drop', 'delete every record that was first stored before a month')
    .addOption(
      new Option('--before <month>', 'the first month that stays').argParser(month).makeOptionMandatory(),
    )
    .action(
      running(async (o: RecordsOptions & { readonly before: string }) =>
        (await import('./records-upkeep.js')).recordsDrop(o),
      ),
    );
  command('offer', 'let a role read chats and messages, and nothing else: for who hands them over')
    .addOption(
      new Option('--role <name>', 'made where it is not there').argParser(role).default('esinet_handover'),
    )
    .action(
      running(async (o: RecordsOptions & { readonly role: string }) =>
        (await import('./records-upkeep.js')).recordsOffer(o),
      ),
    );
}
