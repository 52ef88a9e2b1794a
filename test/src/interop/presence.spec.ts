import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { httpHeldClient } from '@esinet/held';
import { freePort, requireProgram, startProgram } from '@esinet/testing';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { type Lab, startLab } from '../lab.js';

const sipp = requireProgram('sipp');
const xmllint = requireProgram('xmllint');
const scenario = fileURLToPath(new URL('../../sipp/watcher-subscribes.xml', import.meta.url));
const schemas = resolve(import.meta.dirname, '../../../../shared/specs/schemas/pidf-lo');
let lab: Lab;

beforeAll(async () => {
  if (sipp.path) lab = await startLab();
});
afterAll(async () => {
  if (sipp.path) await lab.close();
});

/** What HELD gives as the sip: location URI of a lab device, without scheme and host. */
async function tokenOf(account: string): Promise<string> {
  const client = httpHeldClient({ url: `http://127.0.0.1:${lab.port(15_985)}/held`, allowedHosts: [] });
  const answer = await client.request({
    type: 'locationRequest',
    locationTypes: ['locationURI'],
    exact: true,
    device: [{ kind: 'uri', value: `sip:${account}@provider.lab` }],
  });
  client.close();
  const uri = answer.ok ? answer.value.locationUris?.find((each) => each.startsWith('sip:')) : undefined;
  const token = /^sip:([a-z0-9]+)@127\.0\.0\.1:(\d+)$/.exec(uri ?? '');
  if (!token?.[1] || Number(token[2]) !== lab.port(15_085)) throw new Error(`no location URI: ${uri}`);
  return token[1];
}

describe('a watcher that we did not write', () => {
  sipp.it.each(['udp', 'tcp'] as const)(
    'SIPp subscribes to three location URIs over %s, is told, refreshes and unsubscribes',
    {
      meta: {
        clause: ['RFC 6665 4.2.1.2', 'RFC 6665 4.2.1.4', 'RFC 3856 6.5', 'RFC 6446 5.2', 'RFC 5985 6.5.1'],
      },
      timeout: 40_000,
    },
    async (transport) => {
      const folder = await mkdtemp(join(tmpdir(), 'esinet-sipp-'));
      try {
        const tokens = await Promise.all(['caller1', 'caller2', 'caller3'].map(tokenOf));
        await writeFile(join(folder, 'tokens.csv'), ['SEQUENTIAL', ...tokens, ''].join('\n'));
        const run = await startProgram(
          sipp.path,
          [
            `127.0.0.1:${lab.port(15_085)}`,
            ...['-sf', scenario, '-inf', join(folder, 'tokens.csv')],
            ...['-t', transport === 'udp' ? 'u1' : 't1', '-i', '127.0.0.1', '-p', String(await freePort())],
            ...['-m', '3', '-l', '3', '-r', '3', '-timeout', '20', '-nostdin'],
            ...['-trace_logs', '-log_file', join(folder, 'logs')],
            ...['-trace_err', '-error_file', join(folder, 'errors')],
          ],
          { cwd: folder, env: { TERM: 'dumb' } },
        );
        const code = await run.ended;
        const errors = (await readdir(folder)).includes('errors')
          ? await readFile(join(folder, 'errors'), 'utf8')
          : '';
        expect(code, errors.slice(-3_000) + run.output().slice(-1_000)).toBe(0);
        const log = await readFile(join(folder, 'logs'), 'utf8');
        const documents = [...log.matchAll(/<presence .*?<\/presence>/g)].map(([text]) => text);
        expect(documents.length).toBe(6);
        expect(log.match(/^ended /gm)?.length).toBe(3);
        const centres = new Set(documents.map((text) => /<gml:pos>([^<]*)</.exec(text)?.[1]));
        expect(centres.size).toBe(3);
        if (xmllint.path && existsSync(schemas)) await validate(documents, folder);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  );
});

/** Rejects with the reasons where one is invalid. */
async function validate(documents: readonly string[], folder: string): Promise<void> {
  const files = await Promise.all(
    documents.map(async (text, i) => {
      const file = join(folder, `${i}.xml`);
      await writeFile(file, text);
      return file;
    }),
  );
  await promisify(execFile)(xmllint.path, [
    ...['--noout', '--nonet', '--schema', join(schemas, 'gcs-pidflo.xsd')],
    ...files,
  ]);
}
