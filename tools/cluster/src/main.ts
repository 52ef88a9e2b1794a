import { messageOf } from '@esinet/kernel';
import { chaosCommand } from './run/chaos-command.js';
import { clusterCommand } from './lab/cluster-command.js';

const [command, ...args] = process.argv.slice(2);
// A promise nobody waited for must not end what is measured.
process.on('unhandledRejection', (reason) => process.stderr.write(`unexpected: ${messageOf(reason)}\n`));
process.exit(await (command === 'chaos' ? chaosCommand(args) : clusterCommand(args)));
