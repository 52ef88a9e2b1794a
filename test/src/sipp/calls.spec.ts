import { requireProgram } from '@esinet/testing';
import { afterEach, beforeEach, describe } from 'vitest';
import { type SippStage, sippStage } from './play.js';

const sipp = requireProgram('sipp');
const calls = 100;

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
    [
      'the caller changes the session, asks and writes within it',
      'psap-follows-the-session',
      'caller-changes-the-session',
      ['RFC 3261 14', 'RFC 6086 4', 'RFC 3261 11', 'RFC 3428 4'],
    ],
    [
      'the PSAP changes the session, subscribes, refers and hangs up',
      'psap-asks-refers-and-hangs-up',
      'caller-is-asked-and-hung-up-on',
      ['RFC 3261 12.2', 'RFC 3515 2.4', 'RFC 6665 4.1.2.4'],
    ],
    ['the caller gives up', 'psap-rings', 'caller-cancels', ['RFC 3261 9.1', 'RFC 3261 16.10']],
    ['the PSAP declines', 'psap-declines', 'caller-is-refused', ['RFC 3261 16.7', 'RFC 3261 17.1.1.3']],
    ['a chat starts', 'psap-takes-chats', 'caller-chats', ['RFC 3428 4', 'TS 103 698 6.2.2']],
  ] as const;

  for (const [title, callee, caller, clause] of plays) {
    sipp.it(title, { meta: { clause }, timeout: 150_000 }, () => stage.play(callee, caller, calls));
  }
});
