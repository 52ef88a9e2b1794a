import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { callInfo } from '../interop/chat-body.js';
import { type Name, type Pairs, startPairs } from './pairs.js';

let pairs: Pairs;
beforeEach(async () => {
  pairs = await startPairs();
});
afterEach(() => pairs.close());

/** A client that has no answer yet and sends the same octets again, over a connection of its own. */
function request(callId: string): string {
  const m = { callId, messageId: 1, messageType: 257, text: '', latitude: 0, longitude: 0 };
  const body = 'help';
  return [
    'MESSAGE urn:service:sos SIP/2.0',
    `Via: SIP/2.0/TCP phone.invalid;branch=z9hG4bK-${callId};rport`,
    'Max-Forwards: 70',
    'From: <sip:ana@provider.lab>;tag=ana',
    'To: <urn:service:sos>',
    `Call-ID: ${callId}`,
    'CSeq: 1 MESSAGE',
    ...callInfo(m).map((value) => `Call-Info: ${value}`),
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${body.length}`,
    '',
    body,
  ].join('\r\n');
}

/** The status of the final answer. */
function send(to: Name, text: string): Promise<string> {
  const port = pairs.edge(to).port('public-tcp') ?? 0;
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port }, () => void socket.write(text));
    let read = '';
    socket.on('data', (chunk) => {
      read += chunk.toString('latin1');
      const status = /^SIP\/2\.0 ([2-6]\d\d)/m.exec(read)?.[1];
      if (status === undefined) return;
      socket.destroy();
      resolve(status);
    });
    socket.on('error', reject);
  });
}

const shown = (): string[] => pairs.centres.flatMap((centre) => centre.shown);
/** The branches of the border in the requests that reached the PSAP. */
const borderBranches = () =>
  new Set(
    pairs.centres.flatMap((centre) => centre.arrived).map((message) => message.vias.at(-2)?.branch ?? ''),
  );

describe('a request that comes again at another process', () => {
  it('is sent on with the same branch and answered as the first, and is shown once', async () => {
    const text = request('retransmitted-at-the-sibling-abcdefgh');
    expect(await send('bcf-1', text)).toBe('200');
    expect(await send('bcf-2', text)).toBe('200');
    expect(shown()).toEqual(['help']);
    expect(borderBranches().size).toBe(1);
  });

  it('is known again after a restart of all that it went through', async () => {
    const text = request('retransmitted-after-a-restart-abcdefgh');
    expect(await send('bcf-1', text)).toBe('200');
    for (const name of ['bcf-1', 'esrp-1'] as const) {
      await pairs.crash(name);
      await pairs.start(name);
    }
    expect(await send('bcf-1', text)).toBe('200');
    expect(shown()).toEqual(['help']);
    expect(borderBranches().size).toBe(1);
  });

  it('another request has another branch', async () => {
    for (const callId of ['first-of-two-chats-abcdefghijkl', 'second-of-two-chats-abcdefghijkl']) {
      expect(await send('bcf-1', request(callId))).toBe('200');
    }
    expect(shown()).toEqual(['help', 'help']);
    expect(borderBranches().size).toBe(2);
  });
});
