import type { BrowserChatOptions } from '@esinet/lmpe-browser';
import { appTiming } from '@esinet/lmpe';
import { requireProgram, until } from '@esinet/testing';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect } from 'vitest';
import { type Lab, startLab } from '../lab.js';
import { type Browser, startBrowser } from './chromium.js';
import type { TestPage } from './page.js';

const chromium = requireProgram('chromium');
let lab: Lab;
let browser: Browser;

beforeAll(async () => {
  if (!chromium.path) return;
  lab = await startLab();
  browser = await startBrowser(chromium.path);
}, 60_000);
afterAll(async () => {
  if (!chromium.path) return;
  await browser.close();
  await lab.close();
});

const account = (n: number): BrowserChatOptions => ({
  server: lab.websocket,
  user: `caller${n}`,
  password: `caller${n}`,
  domain: 'provider.lab',
});

/** Runs `ask` in the page, with the test page's own interface. */
function inPage<T, A>(
  tab: Page,
  ask: (esinet: TestPage, argument: A) => T | Promise<T>,
  argument?: A,
): Promise<T> {
  return tab.evaluate(
    `(${ask.toString()})(globalThis.esinet, ${JSON.stringify(argument) ?? 'undefined'})`,
  ) as Promise<T>;
}

chromium.it(
  'a chat from Chromium: position of the browser, texts both ways with emoji, stop',
  {
    timeout: 60_000,
    meta: { clause: ['TS 103 698 6.2.2', 'TS 103 698 6.2.3', 'TS 103 698 6.2.4', 'RFC 7118', 'RFC 6442'] },
  },
  async () => {
    const { tab, faults } = await browser.open();
    const callId = await inPage(tab, (esinet, o) => esinet.open({ ...o, locate: true }), account(1));
    expect(await inPage(tab, ({ chat }) => chat.start('Smoke in the stairwell 🔥'))).toMatchObject({
      delivered: true,
      status: 200,
    });
    const greeting = await until(() => inPage(tab, ({ heard }) => heard.find((m) => m.kind === 'start')));
    expect(greeting.text).toContain('112 Catalunya');
    expect(await inPage(tab, ({ chat }) => chat.say('مرحبا 👩‍🚒 third floor'))).toMatchObject({
      delivered: true,
    });
    await lab.say(callId, 'Stay low, we are coming 🚒');
    await until(() => inPage(tab, ({ heard }) => heard.find((m) => m.text === 'Stay low, we are coming 🚒')));
    expect(await inPage(tab, ({ chat }) => chat.stop('They are here'))).toMatchObject({ delivered: true });
    const record = await lab.chat(callId);
    expect(record.centre).toBe('catalunya');
    expect(record.messages.filter((m) => m.direction === 'in' && m.text).map((m) => m.text)).toEqual([
      'Smoke in the stairwell 🔥',
      'مرحبا 👩‍🚒 third floor',
      'They are here',
    ]);
    expect(faults).toEqual([]);
    await tab.close();
  },
);

/** An open chat in a new tab. */
async function openChat(
  n: number,
  o: Partial<BrowserChatOptions> = {},
): Promise<{
  readonly tab: Page;
  readonly faults: readonly string[];
  readonly callId: string;
}> {
  const { tab, faults } = await browser.open();
  const at = { lat: 40.4168, lon: -3.7038 };
  const callId = await inPage(tab, (esinet, options) => esinet.open(options), { ...account(n), at, ...o });
  expect(await inPage(tab, ({ chat }) => chat.start('Help'))).toMatchObject({ delivered: true });
  await until(() => inPage(tab, ({ chat }) => chat.phase === 'open'));
  return { tab, faults, callId };
}

chromium.it(
  'a lost WebSocket is opened again, and what either side said meanwhile arrives',
  { timeout: 60_000, meta: { clause: ['RFC 5626 4.5', 'RFC 7118 6', 'TS 103 698 6.2.3'] } },
  async () => {
    const { tab, callId } = await openChat(2);
    for (const round of ['first', 'second']) {
      await inPage(tab, ({ sockets }) => sockets.at(-1)?.close());
      await until(() => inPage(tab, ({ connections }) => connections.at(-1) === false));
      const [report] = await Promise.all([
        inPage(tab, ({ chat }, text) => chat.say(text), `from the caller, ${round}`),
        lab.say(callId, `from the centre, ${round}`),
      ]);
      expect(report).toMatchObject({ delivered: true, status: 200 });
      await until(() =>
        inPage(tab, ({ heard }, text) => heard.some((m) => m.text === text), `from the centre, ${round}`),
      );
    }
    expect(await inPage(tab, ({ connections }) => connections)).toEqual([true, false, true, false, true]);
    const said = (await lab.chat(callId)).messages.filter((m) => m.direction === 'in').map((m) => m.text);
    expect(said).toEqual(['Help', 'from the caller, first', 'from the caller, second']);
    await tab.close();
  },
);

chromium.it(
  'heartbeats go on by themselves, also after a lost connection; a hidden page is told as inactive',
  { timeout: 60_000, meta: { clause: 'TS 103 698 6.2.5' } },
  async () => {
    const { tab, callId } = await openChat(3, { timing: { ...appTiming, heartbeatMs: 300 } });
    const passed = (): number =>
      lab.events.filter(
        ({ subject, payload }) => subject === 'events.provider.routed' && payload['callId'] === callId,
      ).length;
    const three = passed() + 3;
    await until(() => passed() >= three);
    await inPage(tab, ({ sockets }) => sockets.at(-1)?.close());
    await until(() => inPage(tab, ({ connections }) => connections.length === 3));
    const three2 = passed() + 3;
    await until(() => passed() >= three2);

    const noted = (note: string): boolean =>
      lab.events.some(
        ({ subject, payload }) =>
          subject === 'events.psap.note' && payload['callId'] === callId && payload['note'] === note,
      );
    const become = (state: string): Promise<unknown> =>
      tab.evaluate(
        `Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => '${state}' });` +
          `document.dispatchEvent(new Event('visibilitychange'));`,
      );
    await become('hidden');
    await until(() => noted('inactive'));
    expect(noted('active')).toBe(false);
    await become('visible');
    await until(() => noted('active'));
    await inPage(tab, ({ chat }) => chat.stop());
    await tab.close();
  },
);

chromium.it(
  'a chat in Chromium is transferred and redirected; what is typed meanwhile waits, and its user can see why',
  {
    timeout: 60_000,
    meta: { clause: ['TS 103 698 6.2.6', 'TS 103 698 6.2.7'], shall: ['6.2.6-12', '6.2.7-11'] },
  },
  async () => {
    const { tab, callId } = await openChat(6);
    const at = (centre: string): Promise<boolean> =>
      inPage(
        tab,
        ({ chat }, target) => chat.phase === 'open' && chat.target === target,
        `sip:${centre}@esinet.lab`,
      );
    await lab.act(callId, 'transfer', { to: lab.centre('catalunya') });
    await until(() => at('catalunya'));
    expect(await inPage(tab, ({ chat }) => chat.say('after the transfer'))).toMatchObject({
      delivered: true,
    });

    const phaseAt = async (centre: string): Promise<string | undefined> =>
      (await lab.chats(callId)).find((chat) => chat.centre === centre)?.phase;
    await until(async () => (await phaseAt('madrid')) === 'handed-over');
    const [second] = (await lab.chats(callId)).filter(({ centre }) => centre === 'catalunya');
    await lab.act(second?.chat ?? '', 'redirect', { to: lab.centre('andalucia') });
    await until(() => at('andalucia'));
    expect(await inPage(tab, ({ chat }) => chat.say('after the redirection'))).toMatchObject({
      delivered: true,
    });

    const phases = await inPage(tab, (esinet) => esinet.phases);
    expect(phases).toEqual(['starting', 'open', 'transferring', 'open', 'redirecting', 'open']);
    const chats = await lab.chats(callId);
    expect(Object.fromEntries(chats.map(({ centre, phase }) => [centre, phase]))).toEqual({
      madrid: 'handed-over',
      catalunya: 'handed-over',
      andalucia: 'open',
    });
    const last = chats.find(({ centre }) => centre === 'andalucia');
    expect(last?.messages.filter((m) => m.direction === 'in').map((m) => m.text)).toEqual([
      'Help',
      'after the redirection',
    ]);
    await tab.close();
  },
);

chromium.it(
  'a service URN goes out as it is, wss works too, a refused registration and a dead server are told',
  { timeout: 60_000, meta: { clause: ['RFC 5031 4', 'RFC 3261 22.2'] } },
  async () => {
    const { tab, callId, faults } = await openChat(4, { service: 'urn:service:sos.police' });
    expect(await lab.chat(callId)).toMatchObject({ centre: 'madrid', service: 'urn:service:sos.police' });
    expect(faults).toEqual([]);
    await tab.close();

    const secure = await openChat(7, { server: `wss://127.0.0.1:${lab.port(15_081)}/sip` });
    await secure.tab.close();

    const { tab: other } = await browser.open();
    const refused = (options: BrowserChatOptions): Promise<number> =>
      inPage(
        other,
        (esinet, o) =>
          esinet.open(o).then(
            () => -1,
            (error: { status: number }) => error.status,
          ),
        options,
      );
    expect(await refused({ ...account(5), password: 'wrong' })).toBe(401);
    expect(await refused({ ...account(5), server: 'ws://127.0.0.1:1/sip' })).toBe(0);
    await other.close();
  },
);
