import { type Fault, nothingToHeal } from './fault.js';

const gone = 10;

export const f39: Fault = {
  id: 'F39',
  title: 'messages to callers who are gone',
  goal: 'nobody else waits; each is marked as failed',
  answer: 'attempts are counted, with growing pauses; then the call taker is told',
  load: { chats: 50 },
  bounds: { gapMs: 1_500 },
  holdMs: 8_000,
  async inject({ load }) {
    // What they said last is answered by the centre, to nobody.
    const leaving = load.standing.slice(0, gone);
    await Promise.all(leaving.map((caller) => caller.say()));
    await Promise.all(leaving.map(({ client }) => client.close()));
    return { heal: nothingToHeal, figures: () => ({ gone }) };
  },
};
