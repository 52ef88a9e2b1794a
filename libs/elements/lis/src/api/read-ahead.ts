import type { Readable } from 'node:stream';

/** Octets handed on before others have their turn: some tens of devices. */
const SLICE = 8_192;

/** The body is longer than allowed. */
export class TooLongError extends Error {
  override readonly name = 'TooLongError';
}

/**
 * A body in small pieces, read from the wire as fast as it comes whatever is done with them: a sender in a hurry is not
 * held up until the time for its request is over. Between two pieces others have their turn. Holds what is not yet
 * handed on, which is never more than `maxBytes`.
 *
 * @throws TooLongError, or whatever broke the stream
 */
export async function* readAhead(stream: Readable, maxBytes: number): AsyncGenerator<Uint8Array, void> {
  const chunks: Buffer[] = [];
  let size = 0;
  let ended = false;
  let failure: Error | undefined;
  let wake = (): void => undefined;
  const onData = (chunk: Buffer): void => {
    size += chunk.length;
    if (size > maxBytes) fail(new TooLongError(`more than ${maxBytes} octets`));
    else chunks.push(chunk);
    wake();
  };
  const onEnd = (): void => {
    ended = true;
    wake();
  };
  const fail = (error: Error): void => {
    failure ??= error;
    stream.off('data', onData).pause();
    wake();
  };
  const onClose = (): void => {
    if (!ended) fail(new Error('the body broke off'));
  };
  stream.on('data', onData).on('end', onEnd).on('error', fail).on('close', onClose);
  try {
    for (;;) {
      if (failure) throw failure;
      const chunk = chunks.shift();
      for (let at = 0; chunk && at < chunk.length; at += SLICE) {
        yield chunk.subarray(at, at + SLICE);
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
      if (chunk || chunks.length > 0) continue;
      if (ended) return;
      await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    // Its errors stay heard: one without a listener would end the process.
    stream.off('data', onData).off('end', onEnd).off('close', onClose);
  }
}
