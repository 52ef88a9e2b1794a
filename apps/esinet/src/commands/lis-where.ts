import { askLis, deviceQuestion } from '@esinet/element-lis';
import { parseService } from '../place.js';
import { bold, dim, exit, print, printJson, red, tell, yellow } from '../terminal.js';
import { type LisOptions, lisUrl, placeText } from './lis-devices.js';

export interface LisWhereOptions extends LisOptions {
  readonly route?: string | true;
  readonly reference?: boolean;
  readonly wait?: number;
}

/** `esinet lis where IDENTITY`: where the LIS says a device is, asked by HELD. */
export async function lisWhere(identity: string, o: LisWhereOptions): Promise<number> {
  const device = deviceQuestion(identity);
  if (!device) {
    tell(red('A device is kind:value, such as uri:sip:caller1@provider.lab or ip:192.0.2.7, or "address".'));
    return exit.usage;
  }
  const answer = await askLis({
    held: `${lisUrl(o).replace(/\/$/, '')}/held`,
    device,
    ...(o.wait === undefined ? {} : { responseTime: o.wait * 1_000 }),
    ...(o.route === undefined ? {} : { routing: parseService(o.route === true ? 'sos' : o.route) }),
    ...(o.reference ? { reference: true } : {}),
  });
  if (!answer.ok) {
    const { refused, message } = answer.error;
    if (o.json && refused) printJson({ code: message });
    tell(refused ? yellow(message) : red(`No answer from the LIS: ${message}`));
    if (!refused) tell(dim('Is the ESInet running (npm start)? Another LIS is named by --url URL.'));
    return refused ? exit.failed : exit.unreachable;
  }
  const found = answer.value;
  if (o.json) {
    printJson(found);
    return exit.ok;
  }
  for (const shape of found.shapes) print(bold(placeText({ shape: { ...shape } })));
  for (const { elements } of found.civics) print(bold(elements.map(({ value }) => value).join(', ')));
  const sure = found.confidence ? `, confidence ${found.confidence.value}` : '';
  print(`  ${found.method ?? 'method not told'}${sure}, as of ${found.timestamp ?? 'now'}`);
  for (const uri of found.locationUris) print(`  ${uri}  until ${found.expires}`);
  if (found.routing) {
    const kind = found.routing.defaultRoute ? yellow(' (default route)') : '';
    print(`  ${found.routing.service} → ${found.routing.destinations.join(' ')}${kind}`);
  }
  print(dim(`  answered in ${found.milliseconds.toFixed(1)} ms`));
  return exit.ok;
}
