import { exit, green, print, printJson, tell, yellow } from '../terminal.js';
import { type DeskOptions, caseOf, deskOf, refused } from './handover-access.js';
import type { DeskCase, DeskMessage } from './handover-answers.js';
import { caseText, count, messageText } from './handover-text.js';
import type { Withholding } from './handover-arguments.js';

export interface ReviewOptions extends DeskOptions {
  readonly withhold?: readonly Withholding[];
  readonly seal?: boolean;
}

/** `esinet handover review`: shows what would leave; with `seal` makes the documents of it. */
export async function review(id: string, o: ReviewOptions): Promise<number> {
  const desk = await deskOf(o, 'reviewer');
  if (typeof desk === 'number') return desk;
  const withheld = o.withhold ?? [];
  const path = await caseOf(id, desk);
  if (!path.ok) return refused(path.error, o);
  const snapshot = await desk.get<readonly DeskMessage[]>(`${path.value}/snapshot`);
  if (!snapshot.ok) return refused(snapshot.error, o);
  const messages = snapshot.value;
  const nowhere = withheld.find(({ index }) => !messages.some((each) => each.index === index));
  if (nowhere) {
    tell(yellow(`There is no message ${nowhere.index}: ${count(messages.length, 'message')}.`));
    return exit.usage;
  }
  if (!o.seal) {
    if (o.json) printJson(snapshot.value);
    else showAll(messages, withheld, id);
    return exit.ok;
  }
  const sealed = await desk.post<DeskCase>(`${path.value}/review`, { decisions: withheld });
  if (!sealed.ok) return refused(sealed.error, o);
  if (o.json) printJson(sealed.value);
  else {
    tell(green('sealed: these bytes can be approved, and no others'));
    print(caseText(sealed.value).join('\n'));
  }
  return exit.ok;
}

function showAll(messages: readonly DeskMessage[], withheld: readonly Withholding[], id: string): void {
  let chat: string | undefined;
  for (const message of messages) {
    if (message.callId !== undefined && message.callId !== chat) {
      chat = message.callId;
      print(`\n${chat}`);
    }
    const own = withheld.filter(({ index }) => index === message.index);
    print(
      messageText(
        message,
        own.map((each) => `${each.withhold} (${each.reason})`),
      ).join('\n'),
    );
  }
  if (messages.length === 0) return tell(yellow('Nothing was recorded of that in that time.'));
  const decisions = withheld.map((each) => ` --withhold ${each.index}:${each.withhold}:${each.reason}`);
  tell(
    `\n${count(messages.length, 'message')}. To make the documents of it: esinet handover review ${id}${decisions.join('')} --seal`,
  );
}
