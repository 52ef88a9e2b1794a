import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '@esinet/testing';
import { expect, it } from 'vitest';
import { RunningHandover, order } from './running-handover.js';

/** What nobody but the people of the case and the authority may see. Nothing else has these words. */
const canary = {
  number: '34699887766',
  sender: 'kunigunde.wolkenstein',
  text: 'Xylophonquittenmarmelade',
  second: 'Zwetschgendatschiblech',
  other: 'Hinterwaeldlergasse',
  wildcard: 'Bleibensieruhigimkeller',
  salt: 'c0ffee'.repeat(10),
} as const;
const words = Object.values(canary);
const found = (text: string): string[] =>
  words.filter((word) => text.toLowerCase().includes(word.toLowerCase()));

/** Every octet below a folder, a file at a time. */
function* files(folder: string): Generator<[path: string, octets: Buffer]> {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) yield* files(path);
    else yield [path, readFileSync(path)];
  }
}

it(
  'a case leaves no selector and no word of a chat where it does not belong, and nothing at all after its end',
  {
    meta: {
      clause: ['TS 103 707 C.3', 'TS 103 707 D.3.1', 'TS 103 707 D.3.2', 'TS 103 707 D.4.2'],
      shall: [
        '707:C.3-5',
        '707:C.3-6',
        '707:C.3-7',
        '707:D.2-1',
        '707:D.3-1',
        '707:D.3-2',
        '707:D.3-4',
        '707:D.3-5',
        '707:D.3-6',
        '707:D.4-2',
        '707:D.4-4',
      ],
    },
    timeout: 120_000,
  },
  async () => {
    const caller = `tel:+${canary.number}`;
    const sender = `sip:${canary.sender}@provider.lab`;
    const startedAt = '2026-03-04T08:15:00.000Z';
    const house = await RunningHandover.start([
      { chat: 'a', caller, sender, startedAt, texts: [canary.text, canary.second] },
      { chat: 'b', caller: 'tel:+34600000002', sender: 'sip:b@x', startedAt, texts: [canary.other] },
    ]);
    await house.onboard({ binary: 'B' });
    const selectors = [{ kind: 'uri', value: caller }];

    // Everything that goes wrong says so without what it is about.
    const wrong: [name: 'clerk', method: string, path: string, body: unknown][] = [
      ['clerk', 'POST', 'cases', { ...order, selectors: [{ kind: 'uri', value: `${canary.wildcard}*` }] }],
      ['clerk', 'POST', 'cases', { ...order, selectors: [{ kind: canary.wildcard, value: caller }] }],
      ['clerk', 'POST', 'cases', { ...order, [canary.wildcard]: caller }],
      ['clerk', 'POST', 'cases', { ...order, authority: canary.wildcard }],
      [
        'clerk',
        'POST',
        'cases',
        { ...order, selectors, hash: { salt: canary.salt, digest: 'ab'.repeat(32) } },
      ],
      ['clerk', 'POST', 'cases', `{"${canary.wildcard}`],
      ['clerk', 'GET', `cases/${canary.wildcard}`, undefined],
      ['clerk', 'GET', `cases/x/${canary.wildcard}?${canary.wildcard}=${canary.number}`, undefined],
    ];
    for (const [name, method, path, body] of wrong) {
      const answer = await house.ask(name, method, path, body);
      expect(answer.status, `${method} ${path}`).toBeGreaterThanOrEqual(400);
      expect(found(answer.text), answer.text).toEqual([]);
    }

    // A whole case, with a failure on the way.
    house.far.moods.push('500', 'html', 'cut-after', 'error-3003');
    const { id, digest } = await house.sealed({ ...order, selectors });
    const shown = await house.ask('reviewer', 'GET', `cases/${id}/snapshot`);
    expect(found(shown.text)).toEqual(expect.arrayContaining([canary.text, canary.second]));
    // It is told once, to whoever entered the order.
    const made = house.answers.find(({ status, json }) => status === 201 && json['id'] === id);
    const { salt } = made?.json['hash'] as { salt: string };
    expect(salt).toMatch(/^[0-9a-f]{64}$/);
    await house.approve(id, digest);
    await until(async () => (await house.phase(id)) === 'delivered');
    expect(found(house.far.documents.join())).toEqual(expect.arrayContaining([canary.text, canary.number]));
    expect(found(house.far.documents.join())).not.toContain(canary.other);
    expect(house.far.complaints).toEqual([]);
    expect(house.far.effects.filter(({ kind }) => kind === 'binary')).toHaveLength(6);
    for (const path of ['/objects/00000000-0000-4000-8000-000000000000', `/objects/${canary.wildcard}`]) {
      const answer = await house.outside(house.theirs, path);
      expect(answer.ok && answer.value.status).toBe(404);
      expect(answer.ok ? found(answer.value.body.toString()) : ['?']).toEqual([]);
    }

    const open = {
      log: house.lines.join(''),
      metrics: await (await fetch(`${house.desk}/metrics`)).text(),
      readiness: await (await fetch(`${house.desk}/readyz`)).text(),
      audit: (await house.ask('auditor', 'GET', 'audit?limit=1000')).text,
      counts: (await house.ask('auditor', 'GET', 'audit/counts')).text,
      deliveries: (await house.ask('clerk', 'GET', `cases/${id}/deliveries`)).text,
      cases: (await house.ask('clerk', 'GET', 'cases')).text,
      authorities: (await house.ask('clerk', 'GET', 'authorities')).text,
    };
    for (const [where, text] of Object.entries(open)) {
      expect(text.length, where).toBeGreaterThan(1);
      expect(found(text), where).toEqual([]);
      expect(text.includes(salt), where).toBe(false);
    }
    expect(open.log).toContain('handover-attempt');
    expect(JSON.parse(open.audit)).toContainEqual(
      expect.objectContaining({ what: 'read-snapshot', who: 'reviewer', case: id }),
    );
    // The chat service was read, in the collections that are needed, and in no other way.
    expect([...house.reads].sort()).toEqual(['get chats', 'list chats-by-time', 'list messages']);

    expect((await house.ask('clerk', 'POST', `cases/${id}/close`)).status).toBe(200);
    const after = (await house.ask('clerk', 'GET', `cases/${id}`)).text;
    expect(found(after)).toEqual([]);
    await house.stop();
    expect(house.lines.filter((line) => found(line).length > 0)).toEqual([]);
    let octets = 0;
    for (const [path, content] of files(house.data)) {
      octets += content.length;
      for (const secret of [...words, salt, caller, sender]) {
        expect(content.includes(secret), `${secret} in ${path}`).toBe(false);
        // Base64 of it at each of the three places where it may begin, and hexadecimal.
        for (const before of ['', 'x', 'xx']) {
          const inner = Buffer.from(before + secret)
            .toString('base64')
            .slice(4, -4);
          expect(content.includes(inner), `base64 of ${secret} in ${path}`).toBe(false);
        }
        expect(content.includes(Buffer.from(secret).toString('hex')), path).toBe(false);
      }
      expect(content.includes(Buffer.from(salt, 'hex')), `salt in ${path}`).toBe(false);
    }
    expect(octets).toBeGreaterThan(10_000);
  },
);
