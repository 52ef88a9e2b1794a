import type { FaultResult } from './fault-run.js';

/** Why nothing was measured. */
export interface Skipped {
  readonly id: string;
  readonly title: string;
  readonly goal: string;
  readonly reason: string;
}

export interface ChaosReport {
  readonly date: string;
  readonly machine: string;
  readonly settings: Readonly<Record<string, number | string | boolean>>;
  readonly results: readonly FaultResult[];
  readonly skipped: readonly Skipped[];
}

export function passed({ results }: ChaosReport): boolean {
  return results.every(isPassed);
}

export function isPassed({ broken, missed }: FaultResult): boolean {
  return broken.length + missed.length === 0;
}

/** What was wrong, the worst first. */
export function wrongLines({ broken, missed }: FaultResult): string[] {
  return [...broken.map((line) => `BROKEN: ${line}`), ...missed.map((line) => `missed: ${line}`)];
}

/** One line of a fault. */
export function resultLine(r: FaultResult): string {
  const { verdict: v, recovery } = r;
  const gap = Math.max(0, ...r.gaps.map(({ ms }) => ms));
  const facts = [
    `${v.promised} promised`,
    `${v.lost.length} LOST`,
    `${v.doubled.length} doubled`,
    `${v.refused} refused`,
    `gap ${gap} ms`,
    `starts ${r.startGapMs} ms`,
    recovery.afterMs === undefined ? 'not back' : `back ${recovery.afterMs} ms`,
  ];
  return `${r.id}  ${isPassed(r) ? 'PASS' : r.broken.length > 0 ? 'FAIL' : 'LATE'}  ${facts.join(', ')}  ${r.title}`;
}

export function textReport(report: ChaosReport): string {
  const { results, skipped, settings } = report;
  const sum = (of: (r: FaultResult) => number): number => results.reduce((total, r) => total + of(r), 0);
  const lines = [
    `Chaos report, ${report.date}`,
    report.machine,
    Object.entries(settings)
      .map(([key, value]) => `${key} ${value}`)
      .join(', '),
    '',
  ];
  for (const r of results) {
    lines.push(resultLine(r), `      goal: ${r.goal}`);
    const gaps = r.gaps.map(({ path, ms }) => `${path} ${ms}`).join(', ');
    const figures = Object.entries(r.figures).map(([key, value]) => `${key} ${value}`);
    lines.push(
      `      gaps in ms: ${gaps}; p50 ${r.p50Ms} ms${figures.length ? `; ${figures.join(', ')}` : ''}`,
    );
    const { answers, atTwoCentres, refusedBy } = r.verdict;
    const refusals = Object.entries(refusedBy).map(([what, count]) => `${what}: ${count}`);
    if (refusals.length > 0) lines.push(`      refused: ${refusals.join(', ')}`);
    lines.push(
      `      answers: ${answers.said} said, ${answers.promised} delivered, ${answers.lost.length} lost, ` +
        `${answers.failed} failed, ${answers.pending} pending; chats at two centres: ${atTwoCentres.length}`,
    );
    for (const line of wrongLines(r)) lines.push(`      ${line}`);
  }
  for (const { id, title, reason } of skipped) lines.push(`${id}  ----  ${title}: ${reason}`);
  lines.push(
    '',
    `${results.length} run, ${results.filter(isPassed).length} passed, ` +
      `${skipped.length} not run. ${sum((r) => r.verdict.promised)} promised, ` +
      `${sum((r) => r.verdict.lost.length)} LOST, ${sum((r) => r.verdict.doubled.length)} doubled.`,
    '',
  );
  return lines.join('\n');
}
