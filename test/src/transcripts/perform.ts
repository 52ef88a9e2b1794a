import { unquoted } from './facts.js';
import type { Stage } from './stage.js';

type Performer = (stage: Stage, words: RegExpExecArray) => Promise<void> | void;

/** What a person does or sees, or what befalls the network. */
export async function perform(stage: Stage, text: string): Promise<void> {
  for (const [form, run] of acts) {
    const words = form.exec(text);
    if (words) return run(stage, words);
  }
  throw new Error(`what is "${text}"?`);
}

const quoted = '"([^"]*)"';
const act = (form: string): RegExp => new RegExp(`^${form.replaceAll('TEXT', quoted)}$`);

const acts: readonly (readonly [RegExp, Performer])[] = [
  [act('ana starts TEXT'), ({ client }, [, text = '']) => void client.start(text)],
  [act('ana opens another chat'), (stage) => stage.openChat()],
  [act('ana says TEXT'), ({ client }, [, text = '']) => void client.say(text)],
  [act('ana stops TEXT'), ({ client }, [, text = '']) => void client.stop(text)],
  [act('ana moves'), ({ client }) => client.move({ lat: 40.4171, lon: -3.7031, radius: 20 })],
  [act('ana goes to the background'), ({ client }) => client.inactive()],
  [act('ana comes back'), ({ client }) => client.active()],
  [act('ana does not answer (\\d+)'), (stage, [, type]) => void stage.deafTo.add(Number(type))],
  [act('ana does not hear (\\S+)'), (stage, [, name = '']) => void stage.deafTo.add(name)],
  [act('ana answers again'), (stage) => stage.deafTo.clear()],
  [
    act('(ct-\\S+) says TEXT'),
    (stage, [, ct = '', text = '']) => tell(stage, ct, stage.psap(ct).desk.say(stage.callId, text, ct)),
  ],
  [
    act('(ct-\\S+) stops TEXT'),
    (stage, [, ct = '', text = '']) => tell(stage, ct, stage.psap(ct).desk.stop(stage.callId, text, ct)),
  ],
  [
    act('(ct-\\S+) transfers to (\\S+)(?: because TEXT)?'),
    (stage, [, ct = '', to = '', reason]) =>
      tell(
        stage,
        ct,
        stage.psap(ct).desk.transfer(stage.callId, {
          to: to.includes(':') ? to : stage.uriOf(to),
          by: ct,
          ...(reason !== undefined && { reason }),
        }),
      ),
  ],
  [
    act('(ct-\\S+) redirects to (\\S+)'),
    (stage, [, ct = '', to = '']) =>
      tell(
        stage,
        ct,
        stage.psap(ct).desk.redirect(stage.callId, { to: to.includes(':') ? to : stage.uriOf(to), by: ct }),
      ),
  ],
  [
    act('(ct-\\S+) calls back TEXT (within|outside) an incident'),
    (stage, [, ct = '', text = '', where]) =>
      tell(
        stage,
        ct,
        stage.psap(ct).desk.callBack(stage.callId, { text, incident: where === 'within', by: ct }),
      ),
  ],
  [act('(ct-\\S+) (accepts|declines)'), decide],
  [act('(ct-\\S+) is told (\\S+)'), isTold],
  [act('wait (\\d+) s'), (stage, [, seconds]) => stage.pass(Number(seconds) * 1_000)],
  [act('(psap-\\S+) dies'), (stage, [, name = '']) => stage.kill(name)],
  [act('(psap-\\S+) comes back'), (stage, [, name = '']) => stage.start(name)],
  [act('the answers of (\\S+) are held'), (stage, [, name = '']) => void stage.held.set(name, [])],
  [act('the answers of (\\S+) arrive'), (stage, [, name = '']) => stage.letGo(name, true)],
  [act('the answers of (\\S+) are lost'), (stage, [, name = '']) => stage.letGo(name, false)],
  [
    act('(\\S+) asks (\\S+) again and again'),
    ({ log }, [, from = '', to = '']) => log.allowRepetition(from, to),
  ],
  [act('ana hears TEXT'), hears],
  [act('ana notes (\\S+)'), notes],
  [act('ana is (\\S+)(?: with (\\S+))?'), anaIs],
  [act('(psap-\\S+) is (\\S+)'), psapIs],
  [act('(psap-\\S+) knows nothing'), knowsNothing],
  [act('(psap-\\S+) has its answers'), hasAnswers],
  [act('(psap-\\S+) reads (.*)'), reads],
  [act('the chat is with (psap-\\S+) alone'), isWith],
];

function tell(stage: Stage, ct: string, result: Parameters<Stage['told']['set']>[1]): void {
  stage.told.set(ct, result);
}

async function decide(stage: Stage, [, ct = '', how]: RegExpExecArray): Promise<void> {
  const { desk } = stage.psap(ct);
  const waiting = () => desk.transfers().find((t) => t.role === 'in' && t.phase === 'asked');
  if (!(await stage.until(() => waiting() !== undefined))) throw new Error('no transfer waits for an answer');
  const decided = await desk.decide(waiting()?.transfer ?? '', how === 'accepts', ct);
  if (!decided.ok) throw new Error(decided.error.message);
}

/** `agreed`, or the code of the refusal. */
async function isTold(stage: Stage, [, ct = '', wanted]: RegExpExecArray): Promise<void> {
  let told: string | undefined;
  void stage.told.get(ct)?.then((result) => (told = result.ok ? 'agreed' : result.error.code));
  await stage.until(() => told !== undefined);
  if (told !== wanted) throw new Error(`${ct} is told ${told ?? 'nothing'}`);
}

/** Texts come in the order of the lines. */
async function hears(stage: Stage, [, wanted = '']: RegExpExecArray): Promise<void> {
  const next = () => stage.heard.find((h) => !h.matched);
  await stage.until(() => next() !== undefined);
  const heard = next();
  if (heard?.text !== wanted) throw new Error(`ana hears "${heard?.text ?? 'nothing'}"`);
  heard.matched = true;
}

async function notes(stage: Stage, [, wanted]: RegExpExecArray): Promise<void> {
  const noted = () => stage.notes.find((n) => !n.matched && n.note === wanted);
  if (!(await stage.until(() => noted() !== undefined))) throw new Error('it is not noted');
  for (const note of [noted()]) if (note) note.matched = true;
}

async function anaIs(stage: Stage, [, phase, psap]: RegExpExecArray): Promise<void> {
  const { client } = stage;
  const target = psap === undefined ? undefined : stage.uriOf(psap);
  const is = (): boolean => client.phase === phase && (target === undefined || client.target === target);
  if (!(await stage.until(is))) throw new Error(`ana is ${client.phase} with ${client.target ?? 'nobody'}`);
}

async function psapIs(stage: Stage, [, name = '', phase]: RegExpExecArray): Promise<void> {
  const is = async (): Promise<boolean> => (await stage.chat(name))?.phase === phase;
  if (!(await stage.until(is)))
    throw new Error(`${name} is ${(await stage.chat(name))?.phase ?? 'without it'}`);
}

async function knowsNothing(stage: Stage, [, name = '']: RegExpExecArray): Promise<void> {
  const chat = await stage.chat(name);
  if (chat) throw new Error(`${name} has the chat, ${chat.phase}`);
}

/** What it sent was answered, and it has written that down: after a death it would send it again. */
async function hasAnswers(stage: Stage, [, name = '']: RegExpExecArray): Promise<void> {
  const all = async (): Promise<boolean> => {
    const chat = await stage.chat(name);
    const messages = chat ? await stage.psap(name).desk.messages(chat.chat) : [];
    return messages.every(({ delivery }) => delivery !== 'pending');
  };
  if (!(await stage.until(all))) throw new Error(`${name} waits for an answer`);
}

/** The caller's texts at a PSAP, each once and in order. */
async function reads(stage: Stage, [, name = '', list = '']: RegExpExecArray): Promise<void> {
  const wanted = [...list.matchAll(/"[^"]*"/g)].map(([text]) => unquoted(text));
  let found: string[] = [];
  const same = async (): Promise<boolean> => {
    const chat = await stage.chat(name);
    const messages = chat ? await stage.psap(name).desk.messages(chat.chat) : [];
    found = messages.flatMap((m) => (m.direction === 'in' && m.text !== undefined ? [m.text] : []));
    return found.join('\n') === wanted.join('\n');
  };
  if (!(await stage.until(same))) throw new Error(`${name} reads ${found.map((t) => `"${t}"`).join(', ')}`);
}

/** One owner: the APP says who, and of the PSAPs that one alone thinks so. */
async function isWith(stage: Stage, [, name = '']: RegExpExecArray): Promise<void> {
  let phases: string[] = [];
  const one = async (): Promise<boolean> => {
    phases = [];
    for (const [psap] of stage.psaps) phases.push(`${psap} ${(await stage.chat(psap))?.phase ?? '-'}`);
    const open = phases.filter((phase) => phase.endsWith(' open'));
    const { client } = stage;
    return open.join() === `${name} open` && client.phase === 'open' && client.target === stage.uriOf(name);
  };
  if (await stage.until(one)) return;
  throw new Error(
    `${phases.join(', ')}; ana is ${stage.client.phase} with ${stage.client.target ?? 'nobody'}`,
  );
}
