import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, type Page, chromium } from 'playwright-core';
import { buildPage } from './build-page.js';

/** Chromium with the test page, served from 127.0.0.1, which counts as a secure context. */
export interface Browser {
  readonly context: BrowserContext;
  readonly url: string;
  /** A new tab with the page loaded. What goes wrong in it without being caught stands in `faults`. */
  open(): Promise<{ readonly tab: Page; readonly faults: string[] }>;
  close(): Promise<void>;
}

const quiet = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export async function startBrowser(executablePath: string): Promise<Browser> {
  const { script } = await buildPage();
  const server = createServer((request, response) => {
    if (request.url === '/page.js')
      response.setHeader('content-type', 'text/javascript; charset=utf-8').end(script);
    else if (request.url === '/') {
      response
        .setHeader('content-type', 'text/html; charset=utf-8')
        .end(
          '<!doctype html><title>chat</title><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>',
        );
    } else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const folder = await mkdtemp(join(tmpdir(), 'esinet-chromium-'));
  const context = await chromium.launchPersistentContext(folder, {
    executablePath,
    headless: true,
    args: quiet,
    // The lab's own authority is unknown to it.
    ignoreHTTPSErrors: true,
    permissions: ['geolocation'],
    geolocation: { latitude: 41.3874, longitude: 2.1686, accuracy: 25 },
  });
  return {
    context,
    url,
    async open() {
      const tab = await context.newPage();
      const faults: string[] = [];
      tab.on('pageerror', (error) => faults.push(error.message));
      tab.on('console', (message) => {
        if (message.type() === 'error') faults.push(message.text());
      });
      await tab.goto(url);
      await tab.waitForFunction('globalThis.esinet !== undefined');
      return { tab, faults };
    },
    async close() {
      await context.close();
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true, force: true });
    },
  };
}
