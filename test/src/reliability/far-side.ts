import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Behaviour = (request: IncomingMessage, response: ServerResponse, self: string) => void;

/** An HTTP server that answers as badly as it is told to. */
export interface FarSide {
  readonly port: number;
  behave: Behaviour;
  asked: number;
  close(): Promise<void>;
}

export async function farSide(): Promise<FarSide> {
  const server = createServer((request, response) => {
    side.asked++;
    response.on('error', () => undefined);
    side.behave(request, response, `http://127.0.0.1:${side.port}${request.url ?? '/'}`);
  });
  server.on('clientError', (_error, socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const side = {
    port: (server.address() as AddressInfo).port,
    behave: hang as Behaviour,
    asked: 0,
    close: (): Promise<void> => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  return side;
}

const xml = { 'content-type': 'application/lost+xml' };

export const hang: Behaviour = () => undefined;

export const fails: Behaviour = (_request, response) => {
  response.writeHead(500).end('no');
};

export const refuses: Behaviour = (_request, response) => {
  response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
};

export const garbage: Behaviour = (_request, response) => {
  response.writeHead(200, xml).end(Buffer.from(Array.from({ length: 3_000 }, (_, i) => (i * 131) % 256)));
};

export const endless: Behaviour = (_request, response) => {
  response.writeHead(200, xml);
  const chunk = Buffer.alloc(65_536, '<a>');
  let left = 80;
  const more = (): void => {
    while (left-- > 0 && !response.destroyed)
      if (!response.write(chunk)) return void response.once('drain', more);
    response.end();
  };
  more();
};

export const drips: Behaviour = (_request, response) => {
  response.writeHead(200, xml);
  const text = '<?xml version="1.0"?><findServiceResponse xmlns="urn:ietf:params:xml:ns:lost1">';
  let at = 0;
  const timer = setInterval(() => response.write(text[at++ % text.length] ?? ' '), 1_000);
  response.once('close', () => clearInterval(timer));
};

export const redirectsHome: Behaviour = (_request, response, self) => {
  response.writeHead(302, { location: self }).end();
};

export const closes: Behaviour = (request) => {
  request.socket.destroy();
};

export const lies: Behaviour = (_request, response) => {
  response.writeHead(200, { ...xml, 'content-length': 400 }).write('<findServiceResponse');
  response.destroy();
};

export function answers(document: string): Behaviour {
  return (_request, response) => {
    response.writeHead(200, xml).end(document);
  };
}

const lost = 'urn:ietf:params:xml:ns:lost1';

/** RFC 5222 13.3: go and ask me. */
export const lostRedirect = answers(
  `<redirect xmlns="${lost}" target="ecrf.esinet.lab" source="ecrf.esinet.lab" message="ask me"/>`,
);
/** RFC 5222 13.1 */
export const lostLoop = answers(
  `<errors xmlns="${lost}" source="ecrf.esinet.lab"><loop message="again" xml:lang="en"/></errors>`,
);
export const otherNamespace = answers(
  '<findServiceResponse xmlns="urn:example:lost9"><mapping><uri>sip:x@y</uri></mapping></findServiceResponse>',
);
/** A document that grows as it is read. */
export const laughs = answers(
  `<!DOCTYPE a [<!ENTITY b "${'x'.repeat(1_000)}"><!ENTITY c "${'&b;'.repeat(100)}">]><findServiceResponse xmlns="${lost}">&c;</findServiceResponse>`,
);
export const foreignUri = answers(
  `<findServiceResponse xmlns="${lost}"><mapping expires="2099-01-01T00:00:00Z" lastUpdated="2020-01-01T00:00:00Z" source="ecrf.esinet.lab" sourceId="1"><service>urn:service:sos</service><uri>http://127.0.0.1/</uri></mapping><path><via source="ecrf.esinet.lab"/></path></findServiceResponse>`,
);
