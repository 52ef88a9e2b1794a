import { expect, it } from 'vitest';
import { buildPage } from './build-page.js';

it('the browser client is bundled by vite without any module of Node', async () => {
  const { script, modules, imports, warnings } = await buildPage();
  expect(imports).toEqual([]);
  expect(warnings).toEqual([]);
  expect(modules.filter((id) => id.includes('node:') || id.includes('browser-external'))).toEqual([]);
  expect(modules.filter((id) => id.includes('/libs/sip/') || id.includes('/libs/platform/'))).toEqual([]);
  for (const name of ['Buffer', 'process', 'require']) {
    expect(new RegExp(`(?<![\\w$.'"])${name}[.(]`).exec(script)?.[0], name).toBeUndefined();
  }
});
