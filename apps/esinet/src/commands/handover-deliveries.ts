import { ok } from '@esinet/kernel';
import { dim, exit, green, print, red, tell } from '../terminal.js';
import { type DeskOptions, caseOf, deskOf, refused } from './handover-access.js';
import type { DeskCaseHead, DeskDelivery } from './handover-answers.js';
import type { DeskAnswer, HandoverClient } from './handover-client.js';
import { deliveryLine } from './handover-text.js';

export interface DeliveriesOptions extends DeskOptions {
  readonly watch?: boolean;
  readonly every: number;
}

/** Nothing more is to be waited for. */
const ends = new Set(['delivered', 'rejected', 'closed', 'suspended']);

interface Seen {
  readonly entries: readonly DeskDelivery[];
  readonly phase: string;
}

/** `esinet handover deliveries`: what is on its way; with `watch` until all of it is there or has failed. */
export async function deliveries(id: string, o: DeliveriesOptions): Promise<number> {
  const desk = await deskOf(o, 'clerk');
  if (typeof desk === 'number') return desk;
  const path = await caseOf(id, desk);
  if (!path.ok) return refused(path.error, o);
  let shown: string | undefined;
  for (;;) {
    const found = await look(desk, path.value);
    // A desk that is started again meanwhile goes on where it was.
    if (!found.ok && !(o.watch && shown !== undefined && found.error.status === 0)) {
      return refused(found.error, o);
    }
    if (found.ok) {
      const text = textOf(found.value, o);
      // Only what has changed: it may be watched for long.
      if (text !== shown) print(text);
      shown = text;
      if (!o.watch || isOver(found.value)) return summary(found.value, o);
    }
    await new Promise((resolve) => setTimeout(resolve, Math.max(0.1, o.every) * 1_000));
  }
}

async function look(desk: HandoverClient, path: string): Promise<DeskAnswer<Seen>> {
  const entries = await desk.get<readonly DeskDelivery[]>(`${path}/deliveries`);
  if (!entries.ok) return entries;
  const c = await desk.get<DeskCaseHead>(path);
  return c.ok ? ok({ entries: entries.value, phase: c.value.phase }) : c;
}

function textOf({ entries, phase }: Seen, { json, watch }: DeliveriesOptions): string {
  if (json) {
    const value = { phase, deliveries: entries };
    return watch ? JSON.stringify(value) : JSON.stringify(value, null, 2);
  }
  return entries.length === 0
    ? 'Nothing was put into the queue yet.'
    : entries.map((each) => deliveryLine(each)).join('\n');
}

/** The case itself ends last: objects of Model B come into the queue after their document. */
function isOver({ entries, phase }: Seen): boolean {
  return ends.has(phase) || entries.some(({ state }) => state === 'failed');
}

function summary({ entries, phase }: Seen, { json }: DeskOptions): number {
  const of = (state: string): number => entries.filter((each) => each.state === state).length;
  const failed = of('failed');
  const waiting = of('waiting');
  if (!json) {
    if (failed > 0)
      tell(red(`${failed} of ${entries.length} failed for good; esinet handover audit says more.`));
    else if (entries.length > 0 && waiting === 0) tell(green('All of it was acknowledged.'));
    else if (entries.length > 0) tell(dim(`${waiting} of ${entries.length} wait; the case is ${phase}.`));
  }
  return failed > 0 ? exit.failed : exit.ok;
}
