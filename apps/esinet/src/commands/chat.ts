import { createInterface } from 'node:readline';
import { messageOf } from '@esinet/kernel';
import { type ChatClient, askServices, openChatOverSockets } from '@esinet/element-app';
import { dim, exit, red, tell, yellow } from '../terminal.js';
import { type CallerOptions, type CallerWay, attachmentsOf, callerWay } from './caller-options.js';
import { type HappeningOptions, Happenings } from './happenings.js';
import { Screen } from './screen.js';

export interface ChatOptions extends CallerOptions, HappeningOptions {
  /** Seconds to wait for an answer to each message. */
  readonly wait: number;
  readonly attach?: readonly string[];
  readonly checkService?: boolean;
  readonly lost?: string;
}

/** `esinet chat`: a person in need. Each text is one message; without any, what is typed is sent line by line. */
export async function chat(texts: readonly string[], o: ChatOptions): Promise<number> {
  const attachments = await attachmentsOf(o.attach ?? []);
  if (!attachments.ok) {
    tell(red(attachments.error));
    return exit.usage;
  }
  const way = await callerWay(o);
  if (!way.ok) {
    tell(red(way.error));
    return exit.failed;
  }
  if (o.checkService) await checkService(o, way.value);
  const screen = new Screen(o.json === true);
  try {
    const { client, lose } = await openChatOverSockets(way.value);
    screen.watch(client);
    client.attach(...attachments.value);
    const happenings = new Happenings(client, lose, o, (note) => screen.note(note));
    try {
      return texts.length > 0
        ? await say(client, texts, o, screen, happenings)
        : await converse(client, screen);
    } finally {
      happenings.cancel();
      await client.close();
    }
  } catch (error) {
    return unreachable(o, way.value, error);
  }
}

/** The one sentence for an ESInet that is not there. */
export function unreachable(o: CallerOptions, way: CallerWay, error: unknown): number {
  tell(red(`Cannot reach ${o.via}:${way.via.host}:${way.via.port}: ${messageOf(error)}`));
  tell(dim('Is the ESInet running (npm start)?'));
  return exit.unreachable;
}

/** LOST-1: a warning where the service is not offered, never a reason not to ask for help. */
async function checkService(o: ChatOptions, way: CallerWay): Promise<void> {
  if (!o.at) {
    tell(yellow('--check-service needs --at.'));
    return;
  }
  const { latitude, longitude } = o.at;
  const lost = o.lost ?? `http://127.0.0.1:${15_222 + o.portOffset}/lost`;
  const answer = await askServices({ lost, latitude, longitude, service: 'urn:service:sos' });
  if (!answer.ok) tell(yellow(`The services of this place are not known: ${answer.error}`));
  else if (answer.value.kind !== 'services') tell(yellow('The services of this place are not known.'));
  else if (way.service.startsWith('urn:') && !answer.value.services.includes(way.service)) {
    const offered = answer.value.services.join(' ') || 'none of their own';
    tell(
      yellow(
        `${way.service} is not offered here (services below urn:service:sos: ${offered}); asking all the same.`,
      ),
    );
  } else tell(dim(`${way.service} is offered here.`));
}

/** Sends the texts in turn, each after an answer to the one before, and ends the chat. */
async function say(
  client: ChatClient,
  texts: readonly string[],
  o: ChatOptions,
  screen: Screen,
  happenings: Happenings,
): Promise<number> {
  const patience = (o.wait + (o.loseNetwork ?? 0)) * 1_000;
  for (const [index, text] of texts.entries()) {
    const answer = screen.next(patience);
    const report = await screen.during(text, () => (index === 0 ? client.start(text) : client.say(text)));
    if (!report.delivered) return report.status === 0 ? exit.unreachable : exit.failed;
    if (!(await answer)) {
      screen.note(`no answer within ${o.wait} s`);
      return exit.failed;
    }
    await happenings.alone;
  }
  await happenings.done();
  const report = await client.stop('The chat was ended by the caller.');
  screen.note(report.delivered ? 'chat ended' : 'the end of the chat was not delivered');
  return exit.ok;
}

async function converse(client: ChatClient, screen: Screen): Promise<number> {
  const lines = createInterface({ input: process.stdin, prompt: '> ' });
  const person = process.stdin.isTTY;
  if (person) tell(dim('Type what you want to say; an empty line ends the chat.'));
  const leave = (): void => lines.close();
  process.once('SIGINT', leave);
  client.onState((phase) => {
    if (phase === 'stopped' && person)
      tell(dim('The chat is over. An empty line leaves; the centre may call back.'));
  });
  let started = false;
  let code: number = exit.ok;
  for await (const line of lines) {
    const text = line.trim();
    if (text === '') break;
    client.active();
    const report = await screen.during(text, () => (started ? client.say(text) : client.start(text)));
    if (!report.delivered && !started) {
      code = report.status === 0 ? exit.unreachable : exit.failed;
      break;
    }
    started = true;
    // Piped in, the next line is there already: the centre gets time to answer as it would from a person.
    if (!person) await screen.next(2_000);
  }
  lines.close();
  process.removeListener('SIGINT', leave);
  if (started && client.phase !== 'stopped') await client.stop('The chat was ended by the caller.');
  return code;
}
