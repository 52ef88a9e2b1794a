import { Agent, request } from 'node:http';
import { readXml } from '@esinet/xml';
import { findService, locationRequest } from './corpus.js';
import type { LabProcess } from './lab-process.js';
import { type Question, type Vocabulary, nextQuestion } from './lookup-corpus.js';

export interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

const answerMs = 5_000;
const atOnce = 8;
const maxFaults = 20;
const longest = 65_536;

const namespaces: Readonly<Record<Exclude<Vocabulary, 'json'>, readonly string[]>> = {
  lost: ['urn:ietf:params:xml:ns:lost1', 'urn:ietf:params:xml:ns:lostsync1'],
  held: ['urn:ietf:params:xml:ns:geopriv:held', 'urn:ietf:params:xml:ns:pidf'],
};

/** Questions as they should be, and what has to be in their answers. */
const proper: readonly (readonly [Question, string])[] = [
  [
    {
      server: 'ECRF',
      method: 'POST',
      path: '/lost',
      type: 'application/lost+xml',
      body: Buffer.from(findService),
      answers: 'lost',
    },
    'sip:madrid@psap.esinet.internal',
  ],
  [
    {
      server: 'LIS',
      method: 'POST',
      path: '/held',
      type: 'application/held+xml',
      body: Buffer.from(locationRequest),
      answers: 'held',
    },
    'presence',
  ],
];

export interface LookupFuzzReport {
  readonly faults: readonly string[];
  /** Answers by server and what they were: `ECRF errors`, `LIS 4xx`. */
  readonly answers: Readonly<Record<string, number>>;
  readonly slowestMs: number;
}

/** Sends mutated documents to the LoST and the HELD server and to provisioning; tells what was wrong. */
export async function fuzzLookups(
  lab: LabProcess,
  count: number,
  random: () => number,
): Promise<LookupFuzzReport> {
  const agent = new Agent({ keepAlive: true, maxSockets: atOnce });
  const faults: string[] = [];
  const answers: Record<string, number> = {};
  let slowestMs = 0;
  let left = count;
  const token = await tokenOf(lab, agent);
  if (token === undefined) faults.push('LIS: no location URI to begin with');
  const work = async (): Promise<void> => {
    while (left-- > 0 && faults.length < maxFaults) {
      const question = nextQuestion(token ?? 'none', random);
      const asked = performance.now();
      const answer = await ask(lab, question, agent);
      slowestMs = Math.max(slowestMs, performance.now() - asked);
      const what = typeof answer === 'string' ? answer : kindOf(answer, question.answers);
      const fine = what !== undefined && typeof answer !== 'string';
      const label = `${question.server} ${fine ? what : 'wrong'}`;
      answers[label] = (answers[label] ?? 0) + 1;
      if (!fine) faults.push(faultOf(question, answer));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  faults.push(...(await properAnswers(lab, answerMs)));
  agent.destroy();
  return { faults, answers, slowestMs };
}

/** Whether questions as they should be are answered, each within `ms` at one of three tries. */
export async function properAnswers(lab: LabProcess, ms: number): Promise<string[]> {
  const agent = new Agent({ keepAlive: true });
  const faults: string[] = [];
  for (const [question, expected] of proper) {
    let said: Answer | string = '';
    let best = Infinity;
    for (let i = 0; i < 3 && best > ms; i++) {
      const asked = performance.now();
      said = await ask(lab, question, agent);
      if (typeof said !== 'string' && said.status === 200 && said.body.includes(expected))
        best = Math.min(best, performance.now() - asked);
    }
    if (best === Infinity) faults.push(`a proper question is not answered: ${faultOf(question, said)}`);
    else if (best > ms) faults.push(`${question.server}: a proper question took ${best.toFixed(0)} ms`);
  }
  agent.destroy();
  return faults;
}

/** What an answer is; undefined where it is none that may be. */
function kindOf(answer: Answer, vocabulary: Vocabulary): string | undefined {
  if (answer.status >= 400 && answer.status < 500) return '4xx';
  if (answer.status < 200 || answer.status >= 300) return undefined;
  if (vocabulary === 'json') return answer.body.length === 0 || isJson(answer.body) ? 'json' : undefined;
  const read = readXml(answer.body, { maxBytes: 4_000_000, maxElements: 100_000 });
  return read.ok && namespaces[vocabulary].includes(read.value.uri) ? read.value.local : undefined;
}

function isJson(body: Buffer): boolean {
  try {
    JSON.parse(body.toString('utf8'));
    return true;
  } catch {
    return false;
  }
}

function faultOf(question: Question, answer: Answer | string): string {
  const said =
    typeof answer === 'string' ? answer : `${answer.status} ${answer.body.toString('utf8').slice(0, 200)}`;
  const asked = `${question.method} ${question.path.slice(0, 100)}`;
  return `${question.server}: ${asked}: ${said}: ${question.body.toString('base64').slice(0, 2_000)}`;
}

async function tokenOf(lab: LabProcess, agent: Agent): Promise<string | undefined> {
  const [, held] = proper;
  const answer = held && (await ask(lab, held[0], agent));
  if (answer === undefined || typeof answer === 'string') return undefined;
  return /\/loc\/([A-Za-z0-9_-]+)/.exec(answer.body.toString('utf8'))?.[1];
}

function ask(lab: LabProcess, question: Question, agent: Agent): Promise<Answer | string> {
  return new Promise((resolve) => {
    const { method, path, type, body } = question;
    const asked = request(
      {
        agent,
        host: '127.0.0.1',
        port: lab.port(question.server === 'ECRF' ? 15_222 : 15_985),
        path,
        method,
        timeout: answerMs,
        headers: body.length > 0 ? { 'content-type': type, 'content-length': body.length } : {},
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', (error) => resolve(error.message));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) }));
      },
    );
    asked.on('timeout', () => asked.destroy(new Error(`no answer within ${answerMs} ms`)));
    // A body over the limit is refused before it is read: the connection ends under what is still being written.
    asked.on('error', (error) =>
      resolve(body.length > longest ? { status: 413, body: Buffer.alloc(0) } : error.message),
    );
    asked.end(body);
  });
}
