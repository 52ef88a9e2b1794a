import { messageOf } from '@esinet/kernel';
import { createLogger } from '@esinet/platform';
import { banner, started } from '../banner.js';
import type { EsinetConfig } from '../config.js';
import { type LeavableName, type RunningEsinet, leavableNames, startEsinet } from '../esinet.js';
import { isLab, readEsinetConfig } from '../read-config.js';
import { shiftPorts } from '../shift-ports.js';
import { exit, print, printJson, red, tell } from '../terminal.js';
import { untilTold } from '../until-told.js';

export interface UpOptions {
  readonly config?: string;
  readonly data?: string;
  readonly portOffset?: number;
  readonly without?: string;
  readonly logLevel?: EsinetConfig['log']['level'];
  readonly json?: boolean;
}

/** `esinet up`: the whole ESInet in this process, until it is told to stop. */
export async function up(o: UpOptions): Promise<number> {
  const without = namesIn(o.without ?? '');
  if (typeof without === 'string') {
    tell(red(`There is no element ${without}: --without takes ${leavableNames.join(', ')}.`));
    return exit.usage;
  }
  const flags = {
    ...(o.data === undefined ? {} : { data: o.data }),
    ...(o.logLevel === undefined ? {} : { 'log.level': o.logLevel }),
    ...(isLab(o.config) && { 'handover.enabled': 'true', 'handover.simulator.enabled': 'true' }),
  };
  const read = readEsinetConfig(o.config, flags);
  if (!read.ok) {
    for (const line of read.error) tell(line);
    return exit.failed;
  }
  const config = shiftPorts(read.value.value, o.portOffset ?? 0);
  const logger = createLogger(config.log);
  const begun = performance.now();
  let esinet: RunningEsinet;
  try {
    esinet = await startEsinet(config, { logger, without, progress: tell });
  } catch (error) {
    tell(red(`ESInet could not start: ${messageOf(error)}`));
    tell('Another lab on this machine? --port-offset 1000 moves every port.');
    return exit.failed;
  }
  const facts = started(esinet, performance.now() - begun);
  if (o.json) printJson(facts);
  else print(banner(facts, without));
  return untilTold(esinet);
}

/** The names of a list `ecrf,lis`, or the first that is none. */
function namesIn(list: string): LeavableName[] | string {
  const names = list.split(',').flatMap((name) => name.trim() || []);
  const wrong = names.find((name) => !(leavableNames as readonly string[]).includes(name));
  return wrong ?? (names as LeavableName[]);
}
