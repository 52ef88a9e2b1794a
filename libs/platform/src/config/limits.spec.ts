import { expect, it } from 'vitest';
import { z } from 'zod';
import { defaultLimits, limitsSchema } from './limits.js';
import { readConfig } from './load-config.js';
import { formatProblem } from './problem.js';

const schema = z.strictObject({ limits: limitsSchema });

function problemsOf(text: string): string[] {
  const result = readConfig(schema, text, 'x.yaml', { variables: {} });
  return result.ok ? [] : result.error.map(formatProblem);
}

it('has the defaults of the code', () => {
  expect(limitsSchema.parse(undefined)).toEqual(defaultLimits);
  expect(limitsSchema.parse({ message: { maxVias: 20 } })).toEqual({
    ...defaultLimits,
    message: { ...defaultLimits.message, maxVias: 20 },
  });
});

it('says what is wrong with a limit, and where', () => {
  expect(
    problemsOf(`limits:
  mesage: {}
  buss: {}
  message: { maxVia: 3, maxUri: 1, maxMessage: 64 KB }
  transport:
    connectTimeoutMs: 1.5
    idleTimeoutMs: -1
    maxReadBufferBytes: 1000
  proxy: { timerCMs: 1000 }
`),
  ).toEqual([
    'x.yaml:2:3  limits.mesage: unknown key, known here: body, xml, transactions, timers, locate, http, records, bus, store',
    'x.yaml:3:3  limits.buss: unknown key, did you mean "bus"?',
    'x.yaml:4:14  limits.message.maxVia: unknown key, did you mean "maxVias"?',
    'x.yaml:4:33  limits.message.maxUri: must be at least 128, found the number 1',
    'x.yaml:4:48  limits.message.maxMessage: expected a number, found text "64 KB"',
    'x.yaml:6:23  limits.transport.connectTimeoutMs: expected a whole number, found the number 1.5',
    'x.yaml:7:20  limits.transport.idleTimeoutMs: must be at least 180000, found the number -1',
    'x.yaml:9:22  limits.proxy.timerCMs: must be at least 180001, found the number 1000',
  ]);
});

it('takes no message larger than what a connection may hold, and no headers larger than a message', () => {
  expect(problemsOf('limits: { message: { maxMessage: 200000 }, timers: { t1: 5000 } }\n')).toEqual([
    'x.yaml:1:1  limits.transport.maxReadBufferBytes: must be at least message.maxMessage, 200000',
    'x.yaml:1:44  limits.timers.t2: must be at least timers.t1, 5000',
  ]);
  expect(problemsOf('limits: { message: { maxMessage: 8000 } }\n')).toEqual([
    'x.yaml:1:11  limits.message.maxHeaderSection: must be at most message.maxMessage, 8000',
  ]);
});

it(
  'lets nobody cut idle SIP connections before 3 minutes',
  { meta: { clause: 'TS 103 698 6.1.1', shall: '6.1.1-3' } },
  () => {
    expect(problemsOf('limits: { transport: { idleTimeoutMs: 179999 } }\n')).toHaveLength(1);
    expect(problemsOf('limits: { transport: { idleTimeoutMs: 180000 } }\n')).toEqual([]);
  },
);
