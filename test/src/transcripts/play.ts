import { ManualClock } from '@esinet/kernel';
import { unlikeHttp, unlikeMessage } from './facts.js';
import { perform } from './perform.js';
import type { Arrow, Transcript } from './read-transcript.js';
import { type Seen, inWords } from './seen.js';
import { Stage } from './stage.js';
import type { Wires } from './wires.js';

/** Plays a chart from its first line to its last. @throws Error that names the line, and what was seen instead */
export async function play(
  transcript: Transcript,
  wiresOf: (clock: ManualClock) => Wires | Promise<Wires>,
): Promise<void> {
  const clock = new ManualClock();
  const stage = await Stage.open(
    await wiresOf(clock),
    clock,
    transcript.settings['service'] ?? 'urn:service:sos',
  );
  try {
    for (const line of transcript.lines) {
      try {
        if (line.kind === 'act') await perform(stage, line.text);
        else await expectArrow(stage, line);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        throw new Error(`line ${line.line}: ${reason}\n${account(stage)}`, { cause: error });
      }
    }
    await stage.until(() => false, 20);
    const untold = stage.log.untold();
    if (untold.length > 0) throw new Error(`nobody told of this:\n${account(stage)}`);
    const open = stage.log.seen.filter((s) => s.kind === 'sip' && s.matched && s.status === undefined);
    for (const seen of open) if (!unanswered.has(seen)) throw new Error(`no answer to ${inWords(seen)}`);
  } finally {
    await stage.close();
  }
}

const unanswered = new WeakSet<Seen>();

async function expectArrow(stage: Stage, arrow: Arrow): Promise<void> {
  let why = 'nothing is seen';
  const found = await stage.until(() => {
    const candidates = candidatesFor(stage, arrow);
    for (const seen of arrow.anyOrder ? candidates : candidates.slice(0, 1)) {
      const unlike = unlikeness(stage, seen, arrow);
      if (unlike === undefined) {
        seen.matched = true;
        if (arrow.answer === 'none') unanswered.add(seen);
        return true;
      }
      why = `${inWords(seen)}: ${unlike}`;
      // What is of another kind or number will not become it; an answer may still come.
      if (!arrow.anyOrder && !unlike.startsWith('the answer')) throw new Error(why);
    }
    return false;
  });
  if (!found) throw new Error(why);
}

function candidatesFor(stage: Stage, arrow: Arrow): readonly Seen[] {
  const keepAlive = arrow.facts.some((fact) => /^(260|388)\//.test(fact));
  if (!keepAlive) return stage.log.untold();
  return stage.log.quiet().filter((seen) => seen.from === arrow.from && seen.to === arrow.to);
}

function unlikeness(stage: Stage, seen: Seen, arrow: Arrow): string | undefined {
  if (seen.kind !== arrow.kind) return `not ${arrow.from} ${arrow.kind} ${arrow.to}`;
  if (seen.from !== arrow.from || seen.to !== arrow.to) return `not from ${arrow.from} to ${arrow.to}`;
  for (const fact of arrow.facts) {
    const unlike =
      seen.kind === 'sip' ? unlikeMessage(seen, fact, stage.log, stage) : unlikeHttp(seen, fact, stage);
    if (unlike !== undefined) return unlike;
  }
  if (seen.kind !== 'sip' || arrow.answer === 'none') return undefined;
  return String(seen.status ?? 'none') === arrow.answer
    ? undefined
    : `the answer is ${seen.status ?? 'none'}`;
}

/** Everything that was seen, the untold marked. */
function account(stage: Stage): string {
  const lines = stage.log.seen
    .filter((s) => !(s.kind === 'sip' && s.identifiers.messageType === 260))
    .map((s) => `  ${s.matched ? ' ' : '*'} ${inWords(s)}`);
  return `${lines.join('\n')}\n  ana: ${stage.client.phase}, notes: ${stage.notes.map((n) => n.note).join(' ')}`;
}
