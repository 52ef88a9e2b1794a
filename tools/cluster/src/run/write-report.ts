import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { htmlReport } from './report-html.js';
import { type ChaosReport, textReport } from './report-text.js';

/** Writes `chaos.txt`, `chaos.json` and `chaos.html`. */
export async function writeReport(folder: string, report: ChaosReport): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'chaos.txt'), textReport(report));
  await writeFile(join(folder, 'chaos.json'), `${JSON.stringify(report, undefined, 1)}\n`);
  await writeFile(join(folder, 'chaos.html'), htmlReport(report));
}
