import { messageOf } from '@esinet/kernel';
import { program, argvOf } from './program.js';
import { exit, red, tell } from './terminal.js';

// A promise nobody waited for must not end an ESInet in the middle of somebody's chat.
process.on('unhandledRejection', (reason) => tell(red(`unexpected: ${messageOf(reason)}`)));

// `esinet … | head` closes the pipe before all is written: not a failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) =>
  process.exit(error.code === 'EPIPE' ? exit.ok : exit.failed),
);

program()
  .parseAsync(argvOf(process.argv))
  .catch((error: unknown) => {
    tell(red(messageOf(error)));
    process.exitCode = exit.failed;
  });
