import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { requireProgram } from '@esinet/testing';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect } from 'vitest';
import { run } from '../e2e/built-program.js';
import { collection, counties, moved } from './sets.js';

const program = requireProgram('chromium');
let folder: string;
let browser: Browser;

beforeAll(async () => {
  if (!program.path) return;
  folder = await mkdtemp(join(tmpdir(), 'esinet-gis-page-'));
  const texas = counties('48');
  const evil = '</script><script>globalThis.evil = 1</script><img src=x onerror="globalThis.evil = 1">';
  const one = texas.map((f) => {
    if (f.properties['NGUID'] !== 'urn:test:county:48453') return f;
    return moved({ ...f, properties: { ...f.properties, DsplayName: evil } }, 0.0312, 0);
  });
  await writeFile(join(folder, 'old.geojson'), collection(texas));
  await writeFile(join(folder, 'new.geojson'), collection(one));
  await run(folder, ['gis', 'check', 'new.geojson', '--html', 'check.html']);
  await run(folder, ['gis', 'diff', 'old.geojson', 'new.geojson', '--html', 'diff.html']);
  browser = await chromium.launch({ executablePath: program.path, args: ['--no-sandbox', '--disable-gpu'] });
}, 120_000);
afterAll(async () => {
  if (!program.path) return;
  await browser.close();
  await rm(folder, { recursive: true, force: true });
});

interface Opened {
  readonly page: Page;
  readonly faults: string[];
  /** Addresses asked for, the page itself and data in it apart. */
  readonly asked: string[];
}

/** From disk, with the network off. */
async function open(name: string, o: { width?: number; dark?: boolean } = {}): Promise<Opened> {
  const context = await browser.newContext({
    offline: true,
    viewport: { width: o.width ?? 1_280, height: 800 },
    colorScheme: o.dark ? 'dark' : 'light',
  });
  const page = await context.newPage();
  const url = pathToFileURL(join(folder, name)).href;
  const faults: string[] = [];
  const asked: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(message.text());
  });
  page.on('request', (request) => {
    if (request.url() !== url && !request.url().startsWith('data:')) asked.push(request.url());
  });
  await page.goto(url);
  await page.waitForFunction('document.querySelector("#map").dataset.zoom !== undefined');
  return { page, faults, asked };
}

const zoomOf = (page: Page): Promise<number> =>
  page.evaluate('Number(document.querySelector("#map").dataset.zoom)') as Promise<number>;

program.it(
  'the report opens from disk with its picture, and an issue of the list is zoomed to',
  { timeout: 120_000 },
  async () => {
    for (const look of [{}, { dark: true }, { width: 390 }]) {
      const { page, faults, asked } = await open('check.html', look);
      expect(await page.locator('#map path.area').count()).toBe(254);
      expect(await page.locator('#map path.issue.gap').count()).toBe(4);
      expect(await page.locator('#map path.issue.overlap').count()).toBe(3);
      // A picture of one colour would be a few hundred octets.
      expect((await page.locator('#map').screenshot()).length).toBeGreaterThan(20_000);
      const before = await zoomOf(page);
      const item = page.locator('.item').first();
      await item.click();
      expect(await zoomOf(page)).toBeGreaterThan(before + 2);
      expect(await item.getAttribute('aria-pressed')).toBe('true');
      await page.locator('#all').click();
      expect(await zoomOf(page)).toBe(before);
      const wide = (await page.evaluate('document.documentElement.scrollWidth')) as number;
      expect(wide).toBeLessThanOrEqual(look.width ?? 1_280);
      expect([...faults, ...asked]).toEqual([]);
      await page.context().close();
    }
  },
);

program.it('is used by keyboard and filtered, and shows names as text', { timeout: 120_000 }, async () => {
  const { page, faults, asked } = await open('check.html');
  const before = await zoomOf(page);
  await page.locator('.item').nth(4).focus();
  await page.keyboard.press('Enter');
  expect(await zoomOf(page)).toBeGreaterThan(before);
  await page.locator('#filter input[value=Error]').focus();
  await page.keyboard.press('Space');
  expect(await page.locator('#map path.issue.gap').count()).toBe(0);
  expect(await page.locator('.group:visible .badge.error').count()).toBe(0);
  await page.keyboard.press('Space');
  expect(await page.locator('#map path.issue.gap').count()).toBe(4);
  expect(await page.evaluate('globalThis.evil')).toBeUndefined();
  expect(await page.locator('#list').textContent()).toContain('<img src=x onerror=');
  expect([...faults, ...asked]).toEqual([]);
  await page.context().close();
});

program.it(
  'the page of changes shows what changes hands, with commands to try',
  { timeout: 120_000 },
  async () => {
    const { page, faults, asked } = await open('diff.html');
    expect(await page.locator('#map path.issue.change').count()).toBe(4);
    expect(await page.locator('.command').first().textContent()).toMatch(
      /^esinet where 30\.\d+,-9\d\.\d+ {3}# at /,
    );
    const before = await zoomOf(page);
    await page.locator('.item').first().click();
    expect(await zoomOf(page)).toBeGreaterThan(before);
    expect(await page.evaluate('globalThis.evil')).toBeUndefined();
    expect([...faults, ...asked]).toEqual([]);
    await page.context().close();
  },
);
