import type { CheckReport } from '../check/check-boundaries.js';
import type { FeatureRef, Issue } from '../check/issue.js';
import { issueCatalogue } from '../check/issue-catalogue.js';
import { areaText, placeText } from './figures.js';

export interface TextStyle {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly error: (text: string) => string;
  readonly notice: (text: string) => string;
  readonly good: (text: string) => string;
  /** Issues listed of each kind that is an area; of other kinds a few. All are counted. */
  readonly perKind: number;
}

/** Listed of kinds that are the same thing in one feature after the other. */
const FEW = 3;

/** For people: what came out first, then the issues by kind, each kind with its meaning and what to do. */
export function textReport(report: CheckReport, style: TextStyle): string {
  const lines = [summary(report, style), scope(report, style)];
  const open = report.issues.filter((issue) => issue.accepted === undefined);
  for (const group of groupsOf(open)) {
    const [first] = group;
    if (!first) continue;
    const { title, meaning, fix } = issueCatalogue[first.code];
    const paint = first.severity === 'Error' ? style.error : style.notice;
    const total = group.reduce((sum, { areaM2 }) => sum + (areaM2 ?? 0), 0);
    const area = total > 0 && group.length > 1 ? `, together ${areaText(total)}` : '';
    lines.push(
      '',
      `${paint(first.severity)}  ${style.bold(`${capital(title)}: ${group.length.toLocaleString('en')}`)}${area}`,
    );
    lines.push(style.dim(`  ${meaning}`));
    const listed = first.areaM2 === undefined ? FEW : style.perKind;
    for (const issue of group.slice(0, listed))
      lines.push(`  ${issueLine(issue)}`, style.dim(`      ${detail(issue)}`));
    if (group.length > listed)
      lines.push(style.dim(`  and ${group.length - listed} more (--json lists all)`));
    lines.push(`  → ${fix}`);
  }
  const accepted = report.issues.filter((issue) => issue.accepted !== undefined);
  if (accepted.length > 0) {
    lines.push('', style.bold(`${accepted.length} accepted`));
    for (const issue of accepted)
      lines.push(style.dim(`  ${issueLine(issue)} (${plain(issue.accepted ?? '')})`));
  }
  return lines.join('\n');
}

function summary(report: CheckReport, style: TextStyle): string {
  const { errors, notices, accepted, features } = report;
  const more = accepted > 0 ? `, ${accepted} accepted` : '';
  const of = plural(features.length, 'feature');
  if (errors + notices === 0) return `${style.good('Fine:')} nothing to repair in ${of}${more}.`;
  const parts = [
    ...(errors > 0 ? [style.error(plural(errors, 'error'))] : []),
    ...(notices > 0 ? [style.notice(plural(notices, 'notice'))] : []),
  ];
  return `${parts.join(' and ')} in ${of}${more}.`;
}

function scope(report: CheckReport, style: TextStyle): string {
  const of = (code: Issue['code']): Issue[] =>
    report.issues.filter((issue) => issue.code === code && issue.accepted === undefined);
  const shown = (one: string, issues: readonly Issue[]): string => {
    const area = issues.reduce((sum, { areaM2 }) => sum + (areaM2 ?? 0), 0);
    return issues.length === 0 ? `no ${one}` : `${plural(issues.length, one)} (${areaText(area)})`;
  };
  const compared = report.features.some(({ polygons }) => polygons.length > 0);
  if (!compared) return style.dim('Nothing could be compared.');
  const incomplete = of('too-complex').length + of('not-all-compared').length > 0;
  const more = incomplete ? style.notice(' Not everything was compared.') : '';
  const services = report.services.length > 0 ? report.services.map(plain).join(', ') : 'no service named';
  return `${style.dim(
    `${services}: ${shown('gap', of('gap'))}, ${shown('overlap', of('overlap'))}. Slivers are below ` +
      `${report.tolerance.widthM} m or ${report.tolerance.areaM2} m².`,
  )}${more}`;
}

function issueLine(issue: Issue): string {
  const area = issue.areaM2 === undefined ? '' : `${areaText(issue.areaM2)}  `;
  const single = issue.features.length === 1 && !issue.message.includes(issue.features[0]?.name ?? '');
  const name = single ? `${plain(issue.features[0]?.name ?? '')}: ` : '';
  return `${area}${name}${plain(issue.message)}`;
}

function detail(issue: Issue): string {
  const place = issue.place ? [`at ${placeText(issue.place)}`] : [];
  const ids = issue.features.slice(0, 6).map(where);
  const more = issue.features.length > ids.length ? [`${issue.features.length - ids.length} more`] : [];
  return [issue.id, ...place, [...ids, ...more].join(', ')].filter((text) => text !== '').join('  ');
}

function where({ id, file, line }: FeatureRef): string {
  const at = line === undefined ? '' : ` (${plain(file)}:${line})`;
  return `${plain(id)}${at}`;
}

function groupsOf(issues: readonly Issue[]): Issue[][] {
  const groups = new Map<string, Issue[]>();
  for (const issue of issues) {
    const group = groups.get(issue.code);
    if (group) group.push(issue);
    else groups.set(issue.code, [issue]);
  }
  return [...groups.values()];
}

/** Names come from files: what could steer a terminal is not shown. */
export function plain(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '�').slice(0, 200);
}

/** The first letter in upper case, as it stands alone. */
export function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

function plural(n: number, thing: string): string {
  return `${n.toLocaleString('en')} ${thing}${n === 1 ? '' : 's'}`;
}
