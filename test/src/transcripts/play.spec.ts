import { describe, expect, it } from 'vitest';
import { play } from './play.js';
import { readTranscript } from './read-transcript.js';
import { memoryWires } from './wires.js';

const start = `title: t
clause: TS 103 698 6.2.2
   ana starts "I am Ana"
1  ana -> psap-a  257/1, to urn:service:sos, location, text "I am Ana" : 200
2  psap-a -> ana  257/1, reply-to psap-a : 200
`;

async function played(text: string): Promise<string> {
  try {
    await play(readTranscript(text), memoryWires);
    return 'as told';
  } catch (error) {
    return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
  }
}

describe('a transcript', () => {
  it('is held against what happens', { meta: { clause: 'TS 103 698 6.2.2' } }, async () => {
    expect(await played(start)).toBe('as told');
    const wrong: [string, string, RegExp][] = [
      ['257/1, to urn', '257/2, to urn', /^line 4: .*257\/2: it is 257\/1/],
      ['location, ', 'history-info psap-b, ', /^line 4: .*history-info psap-b: it is not there/],
      ['"I am Ana" : 200', '"I am Eva" : 200', /^line 4: .*it is I am Ana/],
      ['"I am Ana" : 200', '"I am Ana" : 486', /^line 4: .*the answer is 200/],
      ['reply-to psap-a', 'reply-to psap-b', /^line 5: .*reply-to psap-b: it is sip:psap-a@a.lab/],
      ['2  psap-a -> ana', '2  psap-b -> ana', /^line 5: .*not from psap-b to ana/],
    ];
    for (const [found, instead, why] of wrong) {
      expect(await played(start.replace(found, instead))).toMatch(why);
    }
  });

  it('tells of everything, and of nothing else', { meta: { clause: 'TS 103 698 6.2.2' } }, async () => {
    expect(await played(start.split('\n').slice(0, 4).join('\n'))).toBe('nobody told of this:');
    expect(await played(`${start}3  psap-a -> ana  259/2 : 200\n`)).toBe('line 6: nothing is seen');
    expect(await played(`${start}   the chat is with psap-b alone\n`)).toMatch(
      /^line 6: psap-a open, psap-b -;/,
    );
    expect(await played(`${start}   psap-a reads "I am Eva"\n`)).toBe('line 6: psap-a reads "I am Ana"');
    expect(await played(`${start}   ana sings\n`)).toBe('line 6: what is "ana sings"?');
  });

  it('has a head, and an answer to every message', { meta: { clause: 'TS 103 698 6.2.2' } }, () => {
    expect(() => readTranscript('   ana starts "x"')).toThrow('title');
    expect(() => readTranscript(`${start}3  psap-a -> ana  259/2\n`)).toThrow('line 6');
    const quoted = readTranscript(`${start}3  psap-a -> ana  259/2, text "a, b : c" : 200\n`).lines.at(-1);
    expect(quoted).toMatchObject({ facts: ['259/2', 'text "a, b : c"'], answer: '200', line: 6 });
  });
});
