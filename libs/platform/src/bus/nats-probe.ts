import { connect } from 'node:net';

/**
 * Whether a NATS server speaks there; a sentence when not. The client library leaves the socket open to a server that
 * takes connections and says nothing (one that is frozen), so no connection is made by it before this was answered.
 */
export function natsProblem(server: string, timeoutMs: number): Promise<string | undefined> {
  const url = new URL(server);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(url.port || 4_222) });
    let heard = '';
    const done = (problem: string | undefined): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(problem);
    };
    const timer = setTimeout(() => done(`no answer within ${timeoutMs} ms`), timeoutMs);
    timer.unref();
    socket.on('error', (error: NodeJS.ErrnoException) =>
      done(error.code === 'ECONNREFUSED' ? 'nothing listens there' : error.message),
    );
    socket.on('close', () => done('it closed the connection'));
    socket.on('data', (chunk: Buffer) => {
      heard += chunk.toString('latin1');
      if (/^INFO\s/i.test(heard)) done(undefined);
      else if (heard.length > 5) done('it is no NATS server');
    });
  });
}
