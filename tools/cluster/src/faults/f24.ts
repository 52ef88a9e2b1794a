import type { Fault } from './fault.js';

/** Times the starts of the ordinary load. */
const times = 10;

export const f24: Fault = {
  id: 'F24',
  title: 'ten times as many chats begin',
  goal: 'chats that run go on: refused ≤ 0.1 %; recovery ≤ 5 s; goodput is measured by npm run bench -- overload',
  answer: 'what begins is shed by priority when a process is full; what runs never is',
  load: { starts: 5 },
  bounds: { recoveryMs: 5_000 },
  holdMs: 8_000,
  inject({ load }) {
    const { shape } = load;
    load.shape = { ...shape, starts: shape.starts * times };
    return Promise.resolve({
      heal: () => {
        load.shape = shape;
        return Promise.resolve();
      },
      check: () => {
        const running = load.said.filter(({ start, chat }) => !start && standingChats(load).has(chat));
        const refused = running.filter(({ status = 0 }) => status < 200 || status >= 300).length;
        return refused > running.length / 1_000
          ? [`${refused} of ${running.length} in chats that ran were refused`]
          : [];
      },
    });
  },
};

function standingChats(load: { standing: readonly { client: { callId: string } }[] }): Set<string> {
  return new Set(load.standing.map(({ client }) => client.callId));
}
