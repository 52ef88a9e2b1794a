import { messageOf } from '@esinet/kernel';
import { exit, red, tell } from './terminal.js';

/** Runs until a signal: the first ends it in order, the second at once. Gives the exit code. */
export function untilTold(running: { close(): Promise<void> }): Promise<number> {
  return new Promise((resolve) => {
    let told = false;
    const stop = (signal: NodeJS.Signals): void => {
      if (told) process.exit(130);
      told = true;
      tell(`${signal === 'SIGINT' ? '\n' : ''}Stopping: requests under way are finished first.`);
      running.close().then(
        () => {
          tell('Stopped; what was recorded is on disk.');
          resolve(exit.ok);
        },
        (error: unknown) => {
          tell(red(`Stopping failed: ${messageOf(error)}`));
          resolve(exit.failed);
        },
      );
    };
    process.on('SIGINT', stop);
    process.on('SIGTERM', stop);
  });
}
