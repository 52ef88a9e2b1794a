import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { loadConfig, readConfig } from './load-config.js';
import { formatProblem } from './problem.js';
import {
  domainSchema,
  durationSchema,
  hostSchema,
  listenSchema,
  portSchema,
  sipUriSchema,
} from './values.js';

const peer = z.strictObject({ name: z.string(), sanUri: sipUriSchema, trusted: z.boolean().default(false) });
const listener = z.discriminatedUnion('transport', [
  z.strictObject({ transport: z.literal('udp'), port: portSchema }),
  z.strictObject({
    transport: z.literal('tls'),
    port: portSchema,
    clientCertificate: z.boolean().default(true),
  }),
]);
const schema = z.strictObject({
  domains: z.strictObject({ public: domainSchema.default('esinet.lab') }).prefault({}),
  bcf: z
    .strictObject({
      http: listenSchema({ port: 15_960 }),
      host: hostSchema.default('127.0.0.1'),
      port: portSchema.default(15_060),
      password: z.string().min(8).optional(),
      heartbeat: durationSchema.default(20_000),
      next: z.union([z.string(), z.array(z.string())]).default('udp:127.0.0.1:15070'),
      mode: z.enum(['strict', 'lenient']).default('strict'),
      peers: z.array(peer).max(3).default([]),
      listeners: z.array(listener).default([]),
      table: z.record(z.string(), z.string()).default({}),
    })
    .prefault({}),
  log: z.strictObject({ level: z.enum(['debug', 'info', 'warn', 'error']).default('info') }).prefault({}),
});

function problemsOf(text: string, options: Parameters<typeof readConfig>[3] = {}): string[] {
  const result = readConfig(schema, text, 'esinet.yaml', { variables: {}, ...options });
  return result.ok ? [] : result.error.map(formatProblem);
}

describe('what an operator reads about a broken configuration', () => {
  const cases: Record<string, { yaml: string; says: string[] }> = {
    'a key with a typing mistake': {
      yaml: 'domains:\n  public: esinet.lab\n\nbcf:\n  # border\n  portt: 15060\n',
      says: ['esinet.yaml:6:3  bcf.portt: unknown key, did you mean "port"?'],
    },
    'a key that is like none': {
      yaml: 'log:\n  colour: red\n',
      says: ['esinet.yaml:2:3  log.colour: unknown key, known here: level'],
    },
    'a top key of another program': {
      yaml: 'bfc: {}\n',
      says: ['esinet.yaml:1:1  bfc: unknown key, did you mean "bcf"?'],
    },
    'a number in quotes': {
      yaml: 'bcf:\n  http:\n    port: "15960"\n',
      says: ['esinet.yaml:3:11  bcf.http.port: expected a port number, found text "15960"'],
    },
    'a port out of range': {
      yaml: 'bcf: { http: { port: 70000 } }\n',
      says: ['esinet.yaml:1:22  bcf.http.port: a port is 0 to 65535'],
    },
    'a boolean in the old spelling': {
      yaml: 'bcf:\n  peers:\n    - { name: provider, sanUri: sip:provider.lab, trusted: yes }\n',
      says: ['esinet.yaml:3:60  bcf.peers[0].trusted: expected true or false, found text "yes", write true'],
    },
    'a choice with a typing mistake': {
      yaml: 'log:\n  level: wran\n',
      says: [
        'esinet.yaml:2:10  log.level: expected one of "debug", "info", "warn", "error", found text "wran", did you mean "warn"?',
      ],
    },
    'a missing member of a list entry': {
      yaml: 'bcf:\n  peers:\n    - sanUri: sip:provider.lab\n',
      says: ['esinet.yaml:3:7  bcf.peers[0].name: missing: expected text'],
    },
    'a list where one word stands': {
      yaml: 'bcf:\n  peers: provider\n',
      says: [
        'esinet.yaml:2:10  bcf.peers: expected a list, found text "provider", start each entry with a dash',
      ],
    },
    'too many entries': {
      yaml: `bcf:\n  peers: [${Array(4).fill('{name: p, sanUri: sip:provider.lab}').join(', ')}]\n`,
      says: ['esinet.yaml:2:10  bcf.peers: must have at most 3 entries'],
    },
    'a value of neither kind': {
      yaml: 'bcf:\n  next: 5\n',
      says: ['esinet.yaml:2:9  bcf.next: expected text or a list, found the number 5'],
    },
    'an unknown transport': {
      yaml: 'bcf:\n  listeners:\n    - transport: sctp\n      port: 1\n',
      says: ['esinet.yaml:3:18  bcf.listeners[0].transport: expected one of "udp", "tls", found text "sctp"'],
    },
    'a mistake inside one variant of several': {
      yaml: 'bcf:\n  listeners:\n    - transport: tls\n      prot: 15061\n',
      says: [
        'esinet.yaml:3:7  bcf.listeners[0].port: missing: expected a port number',
        'esinet.yaml:4:7  bcf.listeners[0].prot: unknown key, did you mean "port"?',
      ],
    },
    'a duration without sense': {
      yaml: 'bcf:\n  heartbeat: soon\n',
      says: [
        'esinet.yaml:2:14  bcf.heartbeat: expected a duration such as 500 ms, 1.5 s, 2 min, 1 h or 30 d, found text "soon"',
      ],
    },
    'a SIP URI that is none': {
      yaml: 'bcf:\n  peers:\n    - name: provider\n      sanUri: provider.lab\n',
      says: [
        'esinet.yaml:4:15  bcf.peers[0].sanUri: expected a SIP URI such as sip:madrid@esinet.lab, found text "provider.lab"',
      ],
    },
    'an empty value': {
      yaml: 'bcf:\n  host:\n  port: 1\n',
      says: ['esinet.yaml:2:3  bcf.host: expected text, found nothing'],
    },
    'a secret that is too short, untold': {
      yaml: 'bcf:\n  password: 1234567\n',
      says: ['esinet.yaml:2:13  bcf.password: expected text, found a number, put it in quotes'],
    },
    'a secret file that is not there': {
      yaml: 'bcf:\n  passwordFile: /nowhere/password\n',
      says: [
        "esinet.yaml:2:3  bcf.passwordFile: the file cannot be read: ENOENT: no such file or directory, open '/nowhere/password'",
      ],
    },
    'a key given twice, and another mistake': {
      yaml: 'bcf:\n  port: 1\n  port: 2\nlog: { levle: info }\n',
      says: [
        'esinet.yaml:3:3  bcf.port: this key was already given above, keep one of the two',
        'esinet.yaml:4:8  log.levle: unknown key, did you mean "level"?',
      ],
    },
    'a tab': {
      yaml: 'bcf:\n\tport: 1\n',
      says: [
        'esinet.yaml:2:1  not valid YAML: tabs are not allowed as indentation, indent with blanks instead of tabs',
      ],
    },
    'a list at the top': {
      yaml: '- bcf\n',
      says: ['esinet.yaml:1:1  expected keys with values, found a list'],
    },
    'several mistakes at once, by line': {
      yaml: 'bcf:\n  mode: strickt\n  http: { port: -1, hots: x }\n  port: many\n',
      says: [
        'esinet.yaml:2:9  bcf.mode: expected one of "strict", "lenient", found text "strickt", did you mean "strict"?',
        'esinet.yaml:3:17  bcf.http.port: a port is 0 to 65535',
        'esinet.yaml:3:21  bcf.http.hots: unknown key, did you mean "host"?',
        'esinet.yaml:4:9  bcf.port: expected a port number, found text "many"',
      ],
    },
  };
  for (const [name, { yaml, says }] of Object.entries(cases)) {
    it(name, () => expect(problemsOf(yaml)).toEqual(says));
  }

  it('syntax that YAML cannot read is told with its line', () => {
    const [problem, ...others] = problemsOf('bcf:\n  mode: [strict\nlog: {}\n');
    expect(problem).toMatch(/^esinet\.yaml:\d+:\d+ {2}not valid YAML: /);
    expect(others.length).toBeLessThan(3);
  });

  it('an alias that unfolds without end is refused', () => {
    const bomb = ['a: &a [x,x,x,x,x,x,x,x,x]'];
    for (let i = 1; i < 9; i++) {
      const before = String.fromCharCode(96 + i);
      bomb.push(
        `${String.fromCharCode(97 + i)}: &${String.fromCharCode(97 + i)} [${Array(9).fill(`*${before}`).join(',')}]`,
      );
    }
    expect(problemsOf(bomb.join('\n')).join()).toContain('not valid YAML');
  });

  it('a missing file and a folder say so', () => {
    const folder = mkdtempSync(join(tmpdir(), 'config-'));
    const told = (file: string): string[] => {
      const result = loadConfig(schema, file);
      return result.ok ? [] : result.error.map(formatProblem);
    };
    expect(told(join(folder, 'esinet.yaml'))).toEqual([
      `${folder}/esinet.yaml  there is no such file in ${folder}`,
    ]);
    expect(told(folder)).toEqual([`${folder}  this is a folder, not a file`]);
    writeFileSync(join(folder, 'latin1.yaml'), Buffer.from([0x61, 0x3a, 0x20, 0xe9]));
    expect(told(join(folder, 'latin1.yaml'))).toEqual([`${folder}/latin1.yaml  this is not UTF-8 text`]);
    rmSync(folder, { recursive: true });
  });
});

describe('where a value comes from', () => {
  const folder = mkdtempSync(join(tmpdir(), 'config-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'password'), 'correct horse\n');

  it('flag before environment before file before default, and the origin is known', () => {
    const file = join(folder, 'esinet.yaml');
    const yaml = 'bcf:\n  http:\n    port: 1\n  host: 10.0.0.1\n  heartbeat: 5 s\n  passwordFile: password\n';
    const result = readConfig(schema, yaml, file, {
      variables: { ESINET__BCF__HTTP__PORT: '2', ESINET__BCF__HOST: '10.0.0.2', ESINET__LOG__LEVEL: 'debug' },
      flags: { 'bcf.http.port': '3', 'bcf.peers.0': '{name: p, sanUri: "sip:provider.lab"}' },
    });
    if (!result.ok) throw new Error(result.error.map(formatProblem).join('\n'));
    const { value, origins } = result.value;
    expect(value.bcf.http).toEqual({ host: '127.0.0.1', port: 3 });
    expect(value.bcf).toMatchObject({ host: '10.0.0.2', heartbeat: 5_000, password: 'correct horse' });
    expect(value.bcf.peers).toEqual([{ name: 'p', sanUri: 'sip:provider.lab', trusted: false }]);
    expect(origins.get('bcf.http.port')).toBe('--set bcf.http.port');
    expect(origins.get('bcf.http.host')).toBe('default');
    expect(origins.get('bcf.host')).toBe('ESINET__BCF__HOST');
    expect(origins.get('bcf.heartbeat')).toBe(`${file}:5`);
    expect(origins.get('bcf.password')).toBe(join(folder, 'password'));
    expect(origins.get('log.level')).toBe('ESINET__LOG__LEVEL');
  });

  it('text stays text though it looks like a number', () => {
    const result = readConfig(schema, '', 'x', { variables: { ESINET__BCF__PASSWORD: '0123456789' } });
    expect(result.ok && result.value.value.bcf.password).toBe('0123456789');
  });

  it('a wrong variable is told by its name', () => {
    const variables = {
      ESINET__BCF__HTPP__PORT: '1',
      ESINET__BCF__PORT: 'x',
      ESINET__BCF__PEERS__0__TRUSTED: 'true',
    };
    expect(problemsOf('', { variables })).toEqual([
      'ESINET__BCF__HTPP__PORT  bcf: unknown key "HTPP", did you mean ESINET__BCF__HTTP?',
      'ESINET__BCF__PORT  bcf.port: expected a port number, found text "x"',
      'ESINET__BCF__PEERS__0__TRUSTED  bcf.peers[0].name: missing: expected text',
      'ESINET__BCF__PEERS__0__TRUSTED  bcf.peers[0].sanUri: missing: expected text',
    ]);
  });

  it('another element’s part of the file is not judged', () => {
    const partial = z.strictObject({
      bcf: z.strictObject({ port: portSchema }),
      esrp: z.unknown().optional(),
    });
    const result = readConfig(partial, 'bcf: { port: 1 }\nesrp: { what: ever }\n', 'x', {
      variables: { ESINET__ESRP__HTTP__PORT: '1' },
    });
    expect(result.ok).toBe(true);
  });
});
