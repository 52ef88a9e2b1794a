import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { requireProgram, startProgram, temporaryFolder } from '@esinet/testing';
import { expect } from 'vitest';
import { Capture } from './pcap.js';
import { sippStage } from './play.js';

const sipp = requireProgram('sipp');
const tshark = requireProgram('tshark');
const test = sipp.path ? tshark.it : sipp.it;

/** Every port is SIP's here. */
const asSip = ['udp', 'tcp'].flatMap((transport) => ['-d', `${transport}.port==1024-65535,sip`]);

async function read(file: string, ...asked: readonly string[]): Promise<string[]> {
  const run = await startProgram(tshark.path, ['-n', '-r', file, ...asSip, ...asked], {
    env: { HOME: '/nowhere' },
  });
  expect(await run.ended, run.output()).toBe(0);
  return run
    .output()
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('Running as user'));
}

test.each(['udp', 'tcp'] as const)(
  'tshark reads every message of border and router over %s, and none is malformed',
  { meta: { clause: ['RFC 3261 7', 'RFC 3261 25'] }, timeout: 150_000 },
  async (transport) => {
    const captures = { bcf: new Capture(), esrp: new Capture() };
    const stage = await sippStage(sipp.path, transport, {
      onWire: (element, event) => {
        if (element === 'bcf' || element === 'esrp') captures[element].add(event);
      },
    });
    try {
      await stage.play('psap-answers-with-early-media', 'caller-pracks-and-updates', 3);
      await stage.play('psap-follows-the-session', 'caller-changes-the-session', 3);
      await stage.play('psap-asks-refers-and-hangs-up', 'caller-is-asked-and-hung-up-on', 3);
      await stage.play('psap-rings', 'caller-cancels', 3);
      await stage.play('psap-takes-chats', 'caller-chats', 3);
    } finally {
      await stage.close();
    }
    for (const [element, capture] of Object.entries(captures)) {
      const file = join(temporaryFolder(), `${element}.pcap`);
      await writeFile(file, capture.bytes());
      expect(await read(file, '-Y', '_ws.malformed || _ws.expert.severity == error'), element).toEqual([]);
      const seen = await read(file, '-Y', 'sip', '-T', 'fields', '-e', 'sip.Method', '-e', 'sip.Status-Code');
      // On a stream tshark may tell of two messages in one line; none is missing.
      expect(seen.length, element).toBe(capture.size);
      const methods = new Set(
        seen.flatMap((line) => line.split(/[\t,]/)).filter((word) => /^[A-Z]/.test(word)),
      );
      expect([...methods].sort(), element).toEqual([
        ...['ACK', 'BYE', 'CANCEL', 'INFO', 'INVITE', 'MESSAGE', 'NOTIFY', 'OPTIONS', 'PRACK', 'REFER'],
        ...['SUBSCRIBE', 'UPDATE'],
      ]);
      expect(
        await read(file, '-Y', 'sdp && sip.Method == "INVITE"', '-T', 'fields', '-e', 'sdp.owner'),
      ).toContain('caller 53655765 2353687637 IN IP4 127.0.0.1');
    }
  },
);
