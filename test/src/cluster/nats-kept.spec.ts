import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { certificateAuthority, natsServer, requireProgram, temporaryFolder, until } from '@esinet/testing';
import { describe, expect, onTestFinished } from 'vitest';
import { openNatsBus } from './nats-bus.js';

const nats = requireProgram('nats-server');

describe('what NATS keeps', () => {
  nats.it(
    'is read until it was handled; what cannot be handled is put aside and holds up nobody (F39)',
    async () => {
      const server = await natsServer(nats.path);
      onTestFinished(() => server.dispose());
      const { bus, metric, logged } = await openNatsBus(server.url);
      const dead: unknown[] = [];
      bus.subscribe('dead.>', (payload, subject) => void dead.push([subject, payload]));
      await until(async () => (await metric('esinet_bus_kept')) === 1);
      for (let n = 0; n < 20; n++) bus.publish('events.psap.message', { callId: 'a', n });
      await until(async () => (await metric('esinet_bus_waiting')) === 0);
      const handled: number[] = [];
      let tries = 0;
      const read = () =>
        bus.readKept({
          name: 'ledger',
          subject: 'events.psap.>',
          handle: (payload) => {
            const { n } = payload as { n: number };
            if (n === 7 && ++tries > 0) return Promise.reject(new Error('poison'));
            handled.push(n);
            return Promise.resolve();
          },
        });
      const reader = read();
      await until(() => handled.length === 19);
      await until(() => dead.length === 1);
      expect(dead).toEqual([['dead.events.psap.message', { callId: 'a', n: 7 }]]);
      expect(tries).toBe(5);
      expect(await metric('esinet_bus_dead_letters_total')).toBe(1);
      expect(logged.filter((line) => line.startsWith('event put aside')).length).toBe(1);
      // It goes on where it was, over a crash of the server and its own.
      await server.kill();
      await reader.close();
      await server.start();
      await until(() => bus.note() === undefined);
      const again = read();
      bus.publish('events.psap.message', { callId: 'a', n: 20 });
      await until(() => handled.includes(20));
      expect(handled.length).toBe(20);
      await again.close();
    },
  );

  nats.it('TLS: known by its certificate, and a server of a stranger is none', async () => {
    const [ours, theirs] = await Promise.all([certificateAuthority('Ours'), certificateAuthority('Theirs')]);
    const folder = temporaryFolder('nats-tls');
    const issue = (authority: typeof ours) =>
      authority.issue({ names: ['IP:127.0.0.1', 'DNS:localhost'], usage: ['server', 'client'] });
    const [own, stranger] = await Promise.all([issue(ours), issue(theirs)]);
    const file = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text);
      return JSON.stringify(join(folder, name));
    };
    const tls = `tls { cert_file: ${file('cert', own.cert)}, key_file: ${file('key', own.key)}, ca_file: ${file('ca', ours.pem)}, verify: true }`;
    const server = await natsServer(nats.path, { config: tls });
    onTestFinished(() => server.dispose());
    const good = await openNatsBus(server.url, { tls: own, config: { tls: true } });
    expect(good.bus.note()).toBeUndefined();
    const bad = await openNatsBus(server.url, { tls: stranger, config: { tls: true, startWait: 300 } });
    await until(() => bad.bus.note()?.includes('not reached ('));
    expect(bad.bus.note()).not.toMatch(/not reached yet/);
    const plain = await openNatsBus(server.url, { config: { startWait: 300 } });
    expect(plain.bus.note()).toBeDefined();
    await expect(openNatsBus(server.url, { config: { tls: true } })).rejects.toThrow(/bus.tls needs/);
  });
});
