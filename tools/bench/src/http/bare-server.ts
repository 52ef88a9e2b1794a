import { createServer } from 'node:http';

/**
 * What `node:http` can do at best: reads a request to its end and sends the same bytes back, or where a request has
 * none, those of the answer it was given by `PUT`. Started as a child process; tells its port.
 */
let stored: Buffer = Buffer.alloc(0);
const server = createServer({ keepAliveTimeout: 30_000 }, (request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const [only] = chunks;
    const body = chunks.length === 1 && only ? only : Buffer.concat(chunks);
    if (request.method === 'PUT') stored = body;
    const answer = request.method === 'GET' || request.url === '/stored' ? stored : body;
    response.writeHead(200, { 'content-type': 'application/xml', 'content-length': answer.length });
    response.end(answer);
  });
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.send?.({ port: typeof address === 'object' && address ? address.port : 0 });
});
process.on('disconnect', () => process.exit(0));
