import { messageOf } from '@esinet/kernel';
import { createLogger } from '@esinet/platform';
import type { EsinetConfig } from '../config.js';
import { RoadWatch } from '../lab/roaming/road.js';
import { roamingBanner, roamingFacts } from '../lab/roaming/roaming-banner.js';
import { type RunningRoaming, startRoaming } from '../lab/roaming/start-roaming.js';
import { exit, print, printJson, red, tell } from '../terminal.js';
import { untilTold } from '../until-told.js';

export interface RoamingCommandOptions {
  readonly data: string;
  readonly portOffset: number;
  readonly trace?: boolean;
  readonly logLevel: EsinetConfig['log']['level'];
  readonly json?: boolean;
}

/** `esinet roaming`: TS 103 698 D.2 in this process, until it is told to stop. */
export async function roaming(o: RoamingCommandOptions): Promise<number> {
  const logger = createLogger({ level: o.logLevel, format: 'auto' });
  const begun = performance.now();
  let watch: RoadWatch | undefined;
  let running: RunningRoaming;
  try {
    running = await startRoaming({
      data: o.data,
      offset: o.portOffset,
      logger,
      ...(o.trace && { onWire: (site, element, event) => watch?.see(site, element, event) }),
    });
  } catch (error) {
    tell(red(`The roaming lab could not start: ${messageOf(error)}`));
    tell('Another lab on this machine? --port-offset 2000 moves every port.');
    return exit.failed;
  }
  watch = new RoadWatch(running.sites, print);
  const facts = roamingFacts(running, performance.now() - begun);
  if (o.json) printJson(facts);
  else print(roamingBanner(facts, running.sites));
  return untilTold(running);
}
