import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readConfig } from '../config/load-config.js';
import { formatProblem } from '../config/problem.js';
import { destinationSchema, parseDestination, sipListenersSchema } from './destination-text.js';

describe('transport:address:port[;name]', () => {
  const good: [string, object][] = [
    ['udp:127.0.0.1:15070', { transport: 'udp', address: '127.0.0.1', port: 15_070 }],
    ['TCP:127.0.0.1', { transport: 'tcp', address: '127.0.0.1', port: 5_060 }],
    [
      'tls:127.0.0.1;BCF.esinet.lab',
      { transport: 'tls', address: '127.0.0.1', port: 5_061, serverName: 'bcf.esinet.lab' },
    ],
    [
      'tls:[2001:db8::1]:15061;esinet.lab',
      { transport: 'tls', address: '2001:db8::1', port: 15_061, serverName: 'esinet.lab' },
    ],
    ['wss:[::1]', { transport: 'wss', address: '::1', port: 443 }],
  ];
  for (const [text, destination] of good) {
    it(text, () => expect(parseDestination(text)).toEqual({ ok: true, value: destination }));
  }

  const bad: [string, string][] = [
    ['', 'expected transport:address:port'],
    ['127.0.0.1:5060', '"127.0.0.1" is none of udp, tcp, tls, ws, wss'],
    ['udp:', 'expected transport:address:port'],
    ['udp:127.0.0.1:0', 'expected transport:address:port'],
    ['udp:127.0.0.1:65536', 'expected transport:address:port'],
    ['udp:127.0.0.1:5060x', 'expected transport:address:port'],
    ['udp:999.0.0.1:5060', 'expected transport:address:port'],
    ['udp:2001:db8::1', 'expected transport:address:port'],
    ['udp:[::1]x:5060', 'expected transport:address:port'],
    ['udp:psap.example:5060', '"psap.example" is a name, an IP address is needed here'],
    ['tls:127.0.0.1:5061;', 'is no name of a server'],
    ['tls:127.0.0.1:5061;a b', 'is no name of a server'],
  ];
  for (const [text, reason] of bad) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      const parsed = parseDestination(text);
      expect(parsed.ok ? '' : parsed.error).toContain(reason);
    });
  }
});

describe('in a configuration', () => {
  const schema = z.strictObject({ listeners: sipListenersSchema, next: destinationSchema.optional() });
  const read = (text: string) => readConfig(schema, text, 'x.yaml', { variables: {} });
  const problems = (text: string): string[] => {
    const result = read(text);
    return result.ok ? [] : result.error.map(formatProblem);
  };

  it('reads listeners', () => {
    const result = read(`
listeners:
  - { name: public-udp, transport: udp, port: 15060, advertise: "bcf.esinet.lab:5060" }
  - { name: public-tcp, transport: tcp, port: 15060 }
`);
    expect(result.ok && result.value.value.listeners[1]?.host).toBe('127.0.0.1');
  });

  it('tells what is wrong, where it stands', () => {
    expect(
      problems(`listeners:
  - { name: a, transport: udp, port: 1, path: /sip }
  - { name: a, transport: udp, port: 1 }
  - { name: c, transport: tcp, port: 1, requireClientCertificate: true }
  - { name: d, transport: tcp, host: localhost, port: 2 }
next: upd:127.0.0.1:1
`),
    ).toEqual([
      'x.yaml:2:47  listeners[0].path: only ws and wss listeners have a path',
      'x.yaml:3:13  listeners[1].name: another listener is named a',
      'x.yaml:3:38  listeners[1].port: listener a has this port already',
      'x.yaml:4:67  listeners[2].requireClientCertificate: only tls and wss listeners see certificates',
      'x.yaml:5:38  listeners[3].host: expected an IP address, found text "localhost"',
      'x.yaml:6:7  next: expected transport:address:port such as udp:127.0.0.1:15070; "upd" is none of udp, tcp, tls, ws, wss, found text "upd:127.0.0.1:1"',
    ]);
  });
});
