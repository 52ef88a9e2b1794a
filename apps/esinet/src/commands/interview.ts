/** What a bot asks, and what it says around it. */
export interface InterviewScript {
  /** Before the first question. */
  readonly greeting?: string;
  readonly questions: readonly {
    /** What the answer is called in the note. */
    readonly label: string;
    readonly ask: string;
  }[];
  /** When a person takes over. */
  readonly goodbye: string;
  /** A word that asks for a person at once; matched as a word, whatever its case. */
  readonly personWords: readonly string[];
}

/** One chat of the bot. It has been handed over when `done`. */
export interface Interview {
  /** Questions asked so far. */
  readonly asked: number;
  readonly done: boolean;
}

export type InterviewEvent =
  /** The chat is ours; with what was said in it before. */
  | { readonly type: 'begin'; readonly said: readonly string[] }
  | { readonly type: 'heard'; readonly text: string }
  /** Said before the question that is open had been asked. */
  | { readonly type: 'aside'; readonly text: string }
  /** No answer for long. */
  | { readonly type: 'patience' }
  /** Something of ours failed: people have to look after it. */
  | { readonly type: 'failed' };

export type InterviewEffect =
  | { readonly type: 'say'; readonly text: string }
  | { readonly type: 'note'; readonly text: string }
  | { readonly type: 'wait' }
  | { readonly type: 'hand-over' };

type Step = readonly [Interview, readonly InterviewEffect[]];

export const newInterview: Interview = { asked: 0, done: false };

/** TS 103 698 D.3: the first questions, then a person. Whatever goes wrong ends with a person too. */
export function interview(state: Interview, event: InterviewEvent, script: InterviewScript): Step {
  if (state.done) return [state, []];
  switch (event.type) {
    case 'begin': {
      const said = event.said.join(' / ');
      const notes: InterviewEffect[] = said === '' ? [] : [note(`First words: ${said}`)];
      if (event.said.some((text) => asksForPerson(text, script))) {
        return handOver(state, notes, 'the caller asked for a person', script);
      }
      const greeting: InterviewEffect[] =
        script.greeting === undefined ? [] : [{ type: 'say', text: script.greeting }];
      return ask(state, [...notes, ...greeting], script);
    }
    case 'heard': {
      const question = script.questions[state.asked - 1];
      const answer = note(question ? `${question.label}: ${event.text}` : event.text);
      if (asksForPerson(event.text, script)) {
        return handOver(state, [answer], 'the caller asked for a person', script);
      }
      return ask(state, [answer], script);
    }
    case 'aside': {
      const also = note(`Also: ${event.text}`);
      if (!asksForPerson(event.text, script)) return [state, [also, { type: 'wait' }]];
      return handOver(state, [also], 'the caller asked for a person', script);
    }
    case 'patience':
      return handOver(state, [], 'no answer to the last question', script);
    case 'failed':
      return [{ ...state, done: true }, [note('Bot: something failed'), { type: 'hand-over' }]];
  }
}

function ask(state: Interview, before: readonly InterviewEffect[], script: InterviewScript): Step {
  const question = script.questions[state.asked];
  if (!question) return handOver(state, before, 'all questions were asked', script);
  return [
    { ...state, asked: state.asked + 1 },
    [...before, { type: 'say', text: question.ask }, { type: 'wait' }],
  ];
}

/** The caller hears of it before the chat goes back to the queue. */
function handOver(
  state: Interview,
  before: readonly InterviewEffect[],
  reason: string,
  script: InterviewScript,
): Step {
  return [
    { ...state, done: true },
    [
      ...before,
      { type: 'say', text: script.goodbye },
      note(`Bot: handed over, ${reason}`),
      { type: 'hand-over' },
    ],
  ];
}

function note(text: string): InterviewEffect {
  return { type: 'note', text };
}

function asksForPerson(text: string, { personWords }: InterviewScript): boolean {
  const words = text.toLowerCase().split(/[^\p{L}\p{N}]+/u);
  return personWords.some((word) => words.includes(word.toLowerCase()));
}

/** Bounds of a questions file. */
const maxQuestions = 20;
const maxText = 1_000;

/** A questions file, or what is wrong with it. */
export function readScript(json: string): InterviewScript | string {
  let read: unknown;
  try {
    read = JSON.parse(json);
  } catch {
    return 'it is not JSON';
  }
  if (!isRecord(read)) return 'it is not an object';
  const { greeting, questions, goodbye, personWords = [] } = read;
  if (greeting !== undefined && !isText(greeting)) return '"greeting" is a text';
  if (!isText(goodbye)) return '"goodbye" is a text: the caller has to know that a person comes';
  if (!Array.isArray(questions) || questions.length === 0 || questions.length > maxQuestions) {
    return `"questions" is a list of 1 to ${maxQuestions}`;
  }
  const asked: { label: string; ask: string }[] = [];
  for (const [i, question] of questions.entries()) {
    if (!isRecord(question) || !isText(question['label']) || !isText(question['ask'])) {
      return `question ${i + 1} has a "label" and an "ask"`;
    }
    asked.push({ label: question['label'], ask: question['ask'] });
  }
  if (!Array.isArray(personWords) || !personWords.every(isText)) return '"personWords" is a list of words';
  return { questions: asked, goodbye, personWords, ...(greeting !== undefined && { greeting }) };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= maxText;
}

/** Without a questions file. */
export const firstQuestions: InterviewScript = {
  greeting: 'I am an automatic assistant. I ask three short questions; a person reads along and takes over.',
  questions: [
    { label: 'What', ask: 'What has happened?' },
    { label: 'Where', ask: 'Where exactly are you? Street, floor, landmark.' },
    { label: 'Injured', ask: 'Is anybody injured or in danger? How many?' },
  ],
  goodbye: 'Thank you. A person is coming into this chat now. Please stay here.',
  personWords: ['person', 'human', 'persona', 'operador'],
};
