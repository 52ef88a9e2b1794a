import { badAnswers } from '../disturb/stub-server.js';
import type { Fault } from './fault.js';
import { badServer } from './replace.js';

export const f10: Fault = {
  id: 'F10',
  title: 'the ECRF answers wrong XML, notFound, loop, two megabytes, or a byte a second',
  goal: 'as F09; memory of the routers flat',
  answer: 'answers are read strictly, up to a size and a time',
  load: { starts: 20 },
  bounds: { startGapMs: 3_000, refusedShare: 0 },
  holdMs: 0,
  inject(trouble) {
    const { wrongXml, notFound, loop, huge, drip } = badAnswers;
    return badServer(trouble, 'ecrf-1', { wrongXml, notFound, loop, huge, drip }, 2_500);
  },
};
