import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import { type Socket, createServer as createTcpServer } from 'node:net';

export type Answering = (request: IncomingMessage, response: ServerResponse) => void;

export interface Stub {
  close(): Promise<void>;
}

/** An HTTP server in the place of a LoST or HELD server. @throws where the port cannot be had */
export async function httpStub(port: number, answering: Answering): Promise<Stub> {
  const server = createServer((request, response) => {
    request.resume();
    answering(request, response);
  });
  await listening(server, port);
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Accepts connections and never reads a byte of them. */
export async function deafStub(port: number): Promise<Stub> {
  const sockets = new Set<Socket>();
  const server = createTcpServer({ pauseOnConnect: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  await listening(server, port);
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** The port was somebody else's a moment ago. */
const bindTries = 40;

async function listening(server: ReturnType<typeof createTcpServer>, port: number): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, '127.0.0.1', () => {
          server.off('error', reject);
          resolve();
        });
      });
      return;
    } catch (error) {
      if (attempt >= bindTries) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

const lostType = 'application/lost+xml;charset=utf-8';

/** Answers that no LoST or HELD server should give. */
export const badAnswers = {
  failed: (_: IncomingMessage, response: ServerResponse) => {
    response.writeHead(500, { 'content-length': 0 }).end();
  },
  refused: (_: IncomingMessage, response: ServerResponse) => {
    response.writeHead(401, { 'www-authenticate': 'Basic realm="lab"', 'content-length': 0 }).end();
  },
  wrongXml: (_: IncomingMessage, response: ServerResponse) => {
    response.writeHead(200, { 'content-type': lostType }).end('<findServiceResponse><mapping>');
  },
  notFound: (_: IncomingMessage, response: ServerResponse) => {
    const errors =
      '<errors xmlns="urn:ietf:params:xml:ns:lost1" source="ecrf.esinet.lab"><notFound message="no"/></errors>';
    response.writeHead(200, { 'content-type': lostType }).end(errors);
  },
  loop: (_: IncomingMessage, response: ServerResponse) => {
    const errors =
      '<errors xmlns="urn:ietf:params:xml:ns:lost1" source="ecrf.esinet.lab"><loop message="loop"/></errors>';
    response.writeHead(200, { 'content-type': lostType }).end(errors);
  },
  huge: (_: IncomingMessage, response: ServerResponse) => {
    response.writeHead(200, { 'content-type': lostType }).end(`<!--${'x'.repeat(2_097_152)}-->`);
  },
  /** One byte a second. */
  drip: (_: IncomingMessage, response: ServerResponse) => {
    response.writeHead(200, { 'content-type': lostType });
    const timer = setInterval(() => response.write('<'), 1_000);
    response.on('close', () => clearInterval(timer));
  },
  silent: () => undefined,
} as const satisfies Record<string, Answering>;
