import type { FaultResult, Timeline } from './fault-run.js';
import { stepMs } from './fault-run.js';
import { type ChaosReport, isPassed, resultLine, wrongLines } from './report-text.js';

const width = 900;
const height = 120;

/** One page without a network: a picture for each fault. */
export function htmlReport(report: ChaosReport): string {
  const rows = report.results.map(section).join('\n');
  const skipped = report.skipped.map(
    ({ id, title, reason }) => `<li><b>${id}</b> ${escaped(title)}: ${escaped(reason)}</li>`,
  );
  const settings = Object.entries(report.settings).map(([key, value]) => `${key} ${value}`);
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Chaos report</title><style>
body{font:14px/1.4 system-ui,sans-serif;max-width:960px;margin:2rem auto;padding:0 1rem;color:#222}
section{border-top:1px solid #ccc;padding:.6rem 0}h2{font-size:1rem;margin:.2rem 0}
.fail{color:#b00020}.pass{color:#00662e}svg{width:100%;height:auto;background:#fafafa}pre{white-space:pre-wrap}
</style></head><body>
<h1>Chaos report</h1>
<p>${escaped(report.date)}<br>${escaped(report.machine)}<br>${escaped(settings.join(', '))}</p>
<p>Blue: promises a second. Red: refusals a second. Band: the fault, from its injection to its heal. Below: resident memory of each process in MB.</p>
${rows}
<h2>Not run</h2><ul>${skipped.join('')}</ul>
</body></html>
`;
}

function section(r: FaultResult): string {
  const ok = isPassed(r);
  const wrong = wrongLines(r)
    .map((sentence) => `<li class="fail">${escaped(sentence)}</li>`)
    .join('');
  const notes = r.notes.length ? `<pre>${escaped(r.notes.join('\n'))}</pre>` : '';
  return `<section><h2 class="${ok ? 'pass' : 'fail'}">${escaped(resultLine(r))}</h2>
<p>Goal: ${escaped(r.goal)}. Gaps in ms: ${escaped(r.gaps.map(({ path, ms }) => `${path} ${ms}`).join(', '))}.</p>
${wrong && `<ul>${wrong}</ul>`}${throughputPicture(r.timeline)}${memoryPicture(r.timeline)}${notes}</section>`;
}

function throughputPicture(t: Timeline): string {
  const most = Math.max(1, ...t.promises, ...t.refusals);
  const x = scale(t);
  const line = (values: readonly number[], colour: string): string => {
    const points = values.map((value, i) => {
      return `${x(t.from + i * stepMs).toFixed(1)},${(height - (value / most) * (height - 14)).toFixed(1)}`;
    });
    return `<polyline fill="none" stroke="${colour}" points="${points.join(' ')}"/>`;
  };
  const bands = t.bands.map(({ what, from, to }) => {
    const wide = Math.max(2, x(to) - x(from));
    return (
      `<rect x="${x(from).toFixed(1)}" y="0" width="${wide.toFixed(1)}" height="${height}" fill="#fc6" opacity=".35"/>` +
      `<text x="${(x(from) + 2).toFixed(1)}" y="${height - 4}" font-size="9">${escaped(what)}</text>`
    );
  });
  return (
    `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="promises and refusals a second">${bands.join('')}` +
    `${line(t.promises, '#1452a8')}${line(t.refusals, '#b00020')}` +
    `<text x="2" y="11" font-size="10">${most.toFixed(0)}/s</text></svg>`
  );
}

const colours = ['#1b6', '#c62', '#639', '#069', '#a33', '#777', '#880', '#088', '#d3a', '#333'];

function memoryPicture(t: Timeline): string {
  const names = [...new Set(t.memory.flatMap(({ mb }) => Object.keys(mb)))];
  const most = Math.max(1, ...t.memory.flatMap(({ mb }) => Object.values(mb)));
  const x = scale(t);
  const lines = names.map((name, i) => {
    const points = t.memory.flatMap(({ at, mb }) => {
      const value = mb[name];
      return value === undefined
        ? []
        : [`${x(at).toFixed(1)},${(height - (value / most) * (height - 14)).toFixed(1)}`];
    });
    const colour = colours[i % colours.length];
    return (
      `<polyline fill="none" stroke="${colour}" points="${points.join(' ')}"/>` +
      `<text x="${width - 62}" y="${11 + i * 10}" font-size="9" fill="${colour}">${escaped(name)}</text>`
    );
  });
  return (
    `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="memory">${lines.join('')}` +
    `<text x="2" y="11" font-size="10">${most} MB</text></svg>`
  );
}

function scale({ from, end }: Timeline): (at: number) => number {
  return (at) => ((at - from) / Math.max(1, end - from)) * width;
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
