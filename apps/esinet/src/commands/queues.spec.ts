import { expect, it } from 'vitest';
import { queues, tableOf } from './queues.js';

it('shows a line for each queue, its dequeuers and alternates, and next hops that fail', () => {
  const lines = tableOf({
    queues: [
      {
        queueUri: 'sip:madrid@psap.example',
        queueLength: 3,
        queueMaxLength: 500,
        state: 'Active',
        inService: 2,
        maxInService: 2,
        longestWaitMs: 1_240,
        alternates: ['sip:toledo@psap.example'],
        dequeuers: [{ dequeuerUri: 'sip:desk1@psap.example', preference: 5, expiresIn: 59 }],
      },
    ],
    nextHops: [{ hop: 'psap.other.example', state: 'Unreachable', failures: 1, forMs: 4_000 }],
  });
  expect(lines.map((line) => line.trim().split(/ {2,}/))).toEqual([
    ['queue', 'waiting', 'in service', 'longest', 'state'],
    ['sip:madrid@psap.example', '3/500', '2/2', '1.2 s', 'Active'],
    ['sip:desk1@psap.example', 'preference 5, 59 s left'],
    ['else sip:toledo@psap.example'],
    ['Unreachable', 'next hop psap.other.example, 1 failures, for 4 s'],
  ]);
  expect(tableOf({ queues: [], nextHops: [] })[0]).toContain('No queues are configured');
});

it('says that nobody is there', async () => {
  expect(await queues({ url: 'http://127.0.0.1:1', portOffset: 0, every: 1 })).toBe(3);
});
