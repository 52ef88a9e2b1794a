import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  type InterviewEvent,
  type InterviewScript,
  firstQuestions,
  interview,
  newInterview,
  readScript,
} from './interview.js';

const script: InterviewScript = {
  greeting: 'hi',
  questions: [
    { label: 'What', ask: 'what?' },
    { label: 'Where', ask: 'where?' },
  ],
  goodbye: 'bye',
  personWords: ['person'],
};

/** What the bot does, `say:…`, `note:…`, `wait`, `hand-over`, one list an event. */
function run(events: readonly InterviewEvent[], using = script): string[][] {
  let state = newInterview;
  return events.map((event) => {
    const [next, effects] = interview(state, event, using);
    state = next;
    return effects.map((effect) => ('text' in effect ? `${effect.type}:${effect.text}` : effect.type));
  });
}

describe('a bot that asks the first questions', () => {
  it('asks each once, writes the answers down and hands over', { meta: { clause: 'TS 103 698 D.3' } }, () => {
    expect(
      run([
        { type: 'begin', said: ['help', 'fire'] },
        { type: 'heard', text: 'the kitchen burns' },
        { type: 'aside', text: 'quick' },
        { type: 'heard', text: 'Calle Mayor 3' },
        { type: 'heard', text: 'hello?' },
      ]),
    ).toEqual([
      ['note:First words: help / fire', 'say:hi', 'say:what?', 'wait'],
      ['note:What: the kitchen burns', 'say:where?', 'wait'],
      ['note:Also: quick', 'wait'],
      [
        'note:Where: Calle Mayor 3',
        'say:bye',
        'note:Bot: handed over, all questions were asked',
        'hand-over',
      ],
      [],
    ]);
  });

  it.each<[string, InterviewEvent, string]>([
    ['asks for one', { type: 'heard', text: 'A PERSON, please!' }, 'the caller asked for a person'],
    ['asked for one in between', { type: 'aside', text: 'person' }, 'the caller asked for a person'],
    ['says nothing more', { type: 'patience' }, 'no answer to the last question'],
  ])('fetches a person for whoever %s', { meta: { clause: 'TS 103 698 D.3' } }, (_, event, reason) => {
    const [, then] = run([{ type: 'begin', said: [] }, event]);
    expect(then?.slice(-3)).toEqual(['say:bye', `note:Bot: handed over, ${reason}`, 'hand-over']);
  });

  it('is not deaf to the first words', () => {
    expect(run([{ type: 'begin', said: ['I want a person'] }])[0]?.at(-1)).toBe('hand-over');
    // A word, not a part of one.
    expect(run([{ type: 'begin', said: ['a personal matter'] }])[0]?.at(-1)).toBe('wait');
  });

  it('hands over what failed, and then does nothing more', () => {
    const [, failed, after] = run([
      { type: 'begin', said: [] },
      { type: 'failed' },
      { type: 'heard', text: 'hello?' },
    ]);
    expect(failed).toEqual(['note:Bot: something failed', 'hand-over']);
    expect(after).toEqual([]);
  });
});

describe('a questions file', () => {
  it('is read as it is written, that of the samples too', () => {
    expect(readScript(JSON.stringify(firstQuestions))).toEqual(firstQuestions);
    const sample = readFileSync(new URL('../../../../samples/questions.json', import.meta.url), 'utf8');
    expect(readScript(sample)).toMatchObject({ questions: [{ label: 'What' }, {}, {}] });
  });

  it.each([
    ['{', 'not JSON'],
    ['[]', 'not an object'],
    ['{"questions":[{"label":"a","ask":"b"}]}', '"goodbye"'],
    ['{"goodbye":"x","questions":[]}', '"questions"'],
    ['{"goodbye":"x","questions":[{"label":"a"}]}', 'question 1'],
    ['{"goodbye":"x","questions":[{"label":"a","ask":"b"}],"personWords":"now"}', '"personWords"'],
    ['{"goodbye":"x","greeting":"","questions":[{"label":"a","ask":"b"}]}', '"greeting"'],
  ])('is refused: %s', (json, problem) => {
    expect(readScript(json)).toContain(problem);
  });
});
