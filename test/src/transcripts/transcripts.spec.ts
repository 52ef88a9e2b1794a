import { readFileSync, readdirSync } from 'node:fs';
import { describe, it } from 'vitest';
import { play } from './play.js';
import { readTranscript } from './read-transcript.js';
import { memoryWires, socketWires } from './wires.js';

const folder = new URL('../../transcripts/', import.meta.url);

/** The charts of TS 103 698 6.2 and 6.3.4, each played twice. */
for (const file of readdirSync(folder).sort()) {
  if (!file.endsWith('.sip')) continue;
  const transcript = readTranscript(readFileSync(new URL(file, folder), 'utf8'));
  const { title, clause, shall } = transcript;
  describe(`${file}: ${title}`, () => {
    it('over a memory network', { meta: { clause, shall } }, () => play(transcript, memoryWires));
    it('over sockets', { meta: { clause, shall } }, () => play(transcript, socketWires));
  });
}
