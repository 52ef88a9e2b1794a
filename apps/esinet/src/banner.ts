import { resolve } from 'node:path';
import type { RunningEsinet } from './esinet.js';
import { LAB_ATTRIBUTION, labBoundaries } from './lab/lab-boundaries.js';
import { bold, dim, green, yellow } from './terminal.js';

export interface Listening {
  readonly element: string;
  readonly uri: string;
  readonly what: string;
}

/** Every address that somebody may want to know, in the order of a message's road. */
export function listening(esinet: RunningEsinet): Listening[] {
  const { config, elements } = esinet;
  const { bcf, esrp, lis, psap, provider } = config;
  const rows: Listening[] = [];
  const add = (element: string, uri: string, what: string): void => {
    if (elements.has(element as never)) rows.push({ element, uri, what });
  };
  const web = (element: string, path: string, what: string): void => {
    const at = elements.get(element as never)?.http;
    if (at) add(element, `http://${at.host}:${at.port}${path}`, what);
  };
  const sip = (
    element: string,
    o: { host: string; udp: number | null; tcp: number | null; tls?: number | null },
    what: string,
  ): void => {
    if (o.udp !== null)
      add(
        element,
        `sip:${o.host}:${o.udp}${o.udp === o.tcp ? '' : ';transport=udp'}`,
        `${what}, UDP${o.udp === o.tcp ? ' and TCP' : ''}`,
      );
    if (o.tcp !== null && o.tcp !== o.udp)
      add(element, `sip:${o.host}:${o.tcp};transport=tcp`, `${what}, TCP`);
    if (o.tls !== undefined && o.tls !== null) add(element, `sips:${o.host}:${o.tls}`, `${what}, mutual TLS`);
  };
  sip('provider', provider.listen, 'caller1 to caller9 register here');
  add(
    'provider',
    `ws://${provider.listen.host}:${provider.listen.ws}${provider.listen.path}`,
    'SIP over WebSocket',
  );
  add(
    'provider',
    `wss://${provider.listen.host}:${provider.listen.wss}${provider.listen.path}`,
    'the same with TLS',
  );
  sip('bcf', bcf.public, 'emergency traffic comes in');
  sip('bcf', bcf.private, 'the inside; keep it from the outside');
  sip('esrp', esrp.listen, 'the router');
  web('ecrf', '/lost', 'LoST');
  web('lis', '/held', 'HELD');
  if (lis.sip) sip('lis', lis.sip.listen, 'location URIs by SUBSCRIBE');
  for (const { transport, host, port } of psap.listeners) {
    add('psap', `sip:${host}:${port};transport=${transport}`, `the 112 centres, ${transport.toUpperCase()}`);
  }
  web('psap', '/api/docs', 'chats, queue and call takers over REST');
  const http3 = psap.transfer.listen ?? elements.get('psap')?.http;
  if (http3) {
    add('psap', `https://${http3.host}:${http3.port}/chat-transfer/`, 'HTTP-3 between PSAPs, mutual TLS');
  }
  if (esinet.handover.desk) {
    const { http: desk, public: outside, simulator } = config.handover;
    rows.push(
      ...[
        { uri: `http://${desk.host}:${desk.port}/openapi.json`, what: 'records for authorities: the desk' },
        { uri: `https://${outside.host}:${outside.port}/objects/`, what: 'what they fetch, mutual TLS' },
      ].map((row) => ({ element: 'handover', ...row })),
    );
    if (esinet.handover.simulator) {
      const uri = `https://${simulator.http.host}:${simulator.http.port}/hi1`;
      rows.push({ element: 'authority', uri, what: 'a simulator of one, onboarded as "lab"' });
    }
  }
  web('console', '/', 'what runs, and whether it is well');
  return rows;
}

export interface Started {
  readonly listening: readonly Listening[];
  readonly data: string;
  readonly pki: string;
  readonly certificatesMade: readonly string[];
  readonly boundaries: { readonly from: string; readonly count?: number; readonly attribution?: string };
  /** Why the hand-over does not run, where it should. */
  readonly handoverProblem?: string;
  readonly milliseconds: number;
}

export function started(esinet: RunningEsinet, milliseconds: number): Started {
  const { config } = esinet;
  return {
    listening: listening(esinet),
    data: resolve(config.data),
    pki: resolve(esinet.pkiFolder),
    certificatesMade: esinet.certificatesMade,
    boundaries:
      config.ecrf.boundaries === 'lab'
        ? {
            from: 'lab: autonomous communities of Spain',
            count: labBoundaries().features.length,
            attribution: LAB_ATTRIBUTION,
          }
        : { from: config.ecrf.boundaries.map((file) => resolve(file)).join(', ') },
    ...(esinet.handover.problem !== undefined && { handoverProblem: esinet.handover.problem }),
    milliseconds,
  };
}

export function banner(s: Started, without: readonly string[]): string {
  const width = Math.max(...s.listening.map(({ uri }) => uri.length));
  let last = '';
  const rows = s.listening.map(({ element, uri, what }) => {
    const name = element === last ? '' : element;
    last = element;
    return `  ${bold(name.padEnd(9))} ${uri.padEnd(width)}  ${dim(what)}`;
  });
  const made = s.certificatesMade.length ? `, made now: ${s.certificatesMade.join(', ')}` : '';
  return [
    '',
    ...rows,
    '',
    `  data          ${s.data}`,
    `  certificates  ${s.pki}${made}`,
    `  boundaries    ${s.boundaries.from}${s.boundaries.count === undefined ? '' : `, ${s.boundaries.count} service areas`}`,
    ...(s.boundaries.attribution ? [`                ${dim(s.boundaries.attribution)}`] : []),
    ...(s.handoverProblem === undefined ? [] : ['', `  ${yellow(s.handoverProblem)}`]),
    ...(without.length ? ['', `  without       ${without.join(', ')}, as asked`] : []),
    '',
    `${green('Ready')} after ${(s.milliseconds / 1000).toFixed(1)} s. Try in another terminal:`,
    '',
    '  npx esinet chat --at 40.4168,-3.7038 "help"',
    '  npx esinet where 41.3874,2.1686 --explain',
    '  npx esinet bot --centre madrid',
    ...(s.listening.some(({ element }) => element === 'handover')
      ? ['  npx esinet handover cases --as clerk']
      : []),
    '',
    dim('Ctrl-C stops it.'),
    '',
  ].join('\n');
}
