import { requireProgram } from '@esinet/testing';
import { afterEach, beforeEach, describe } from 'vitest';
import { type SippStage, sippStage } from './play.js';

const sipp = requireProgram('sipp');
const calls = 20;

describe.each(['udp', 'tcp'] as const)('SIPp through border and router over %s', (transport) => {
  let stage: SippStage;

  beforeEach(async () => {
    if (sipp.path) stage = await sippStage(sipp.path, transport);
  });
  afterEach(async () => {
    if (sipp.path) await stage.close();
  });

  const plays = [
    [
      'a voice call is answered and ended by the caller',
      'psap-answers',
      'caller-hangs-up',
      ['RFC 3261 16', 'RFC 3261 16.12'],
    ],
    [
      'early media is acknowledged and updated',
      'psap-answers-with-early-media',
      'caller-pracks-and-updates',
      ['RFC 3262 3', 'RFC 3311 5'],
    ],
  ] as const;

  for (const [title, callee, caller, clause] of plays) {
    sipp.it(title, { meta: { clause }, timeout: 150_000 }, () => stage.play(callee, caller, calls));
  }
});
