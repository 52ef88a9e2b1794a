import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type Socket, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePorts, requireProgram, startProgram, until } from '@esinet/testing';
import { afterEach, describe, expect } from 'vitest';

const main = fileURLToPath(new URL('../../../apps/esrp/dist/main.js', import.meta.url));
const shell = requireProgram('sh');

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** A connection, whether or not the other side keeps it. */
function open(port: number): Socket {
  const socket = connect({ host: '127.0.0.1', port });
  socket.on('error', () => undefined);
  ends.push(() => socket.destroy());
  return socket;
}

/** Whether OPTIONS over a new connection is answered 200. */
function answers(port: number): Promise<boolean> {
  const socket = open(port);
  socket.write(
    [
      `OPTIONS sip:127.0.0.1:${port} SIP/2.0`,
      'Via: SIP/2.0/TCP probe.invalid;branch=z9hG4bKprobe;rport',
      'Max-Forwards: 70',
      'From: <sip:probe@esinet.lab>;tag=1',
      `To: <sip:127.0.0.1:${port}>`,
      `Call-ID: ${Math.random()}`,
      'CSeq: 1 OPTIONS',
      'Content-Length: 0',
      '',
      '',
    ].join('\r\n'),
  );
  return new Promise((resolve) => {
    socket.once('data', (bytes) => {
      resolve(bytes.toString().startsWith('SIP/2.0 200'));
      socket.destroy();
    });
    socket.once('close', () => resolve(false));
    socket.setTimeout(2_000, () => socket.destroy());
  });
}

describe('a process that has no descriptors left', () => {
  shell.it(
    'closes those that say nothing, serves those that do, and lives',
    { timeout: 120_000 },
    async () => {
      if (!existsSync(main)) throw new Error(`${main} is missing: npm run build`);
      const [sip = 0, http = 0] = await freePorts(2);
      const folder = await mkdtemp(join(tmpdir(), 'descriptors-'));
      ends.push(() => rm(folder, { recursive: true, force: true }));
      const config = join(folder, 'esrp.yaml');
      const section = { http: { port: http }, listen: { udp: null, tcp: sip }, held: { lis: null } };
      await writeFile(config, JSON.stringify({ data: folder, esrp: section }));
      const command = `ulimit -n 256; exec '${process.execPath}' '${main}' --config '${config}'`;
      const program = await startProgram(shell.path, ['-c', command], { port: http, readyWithinMs: 100_000 });
      ends.push(() => program.kill());

      expect(await answers(sip)).toBe(true);
      const silent = Array.from({ length: 400 }, () => open(sip));
      await until(() => answers(sip));
      for (const socket of silent) socket.destroy();
      await until(async () => (await fetch(`http://127.0.0.1:${http}/readyz`)).status === 200);
      expect(await answers(sip)).toBe(true);
      await program.stop(10_000);
      expect(await program.ended).toBe(0);
    },
  );
});
