import { type GisSource, checkBoundaries } from '@esinet/gis';
import { type Finding, fault, fine, warning } from './finding.js';

/** Whether the boundaries leave nobody out, and nobody with two: what `esinet gis check` says, in short. */
export function checkCoverage(sources: readonly GisSource[], now: number): Finding[] {
  if (sources.length === 0)
    return [fine('The ECRF has no boundaries of its own: it leaves all to other servers.')];
  const report = checkBoundaries([...sources], { now });
  const files = sources.map(({ file }) => file).join(' ');
  const byCode = new Map<string, typeof report.issues>();
  for (const issue of report.issues) {
    if (issue.accepted === undefined) byCode.set(issue.code, [...(byCode.get(issue.code) ?? []), issue]);
  }
  const findings = [...byCode].map(([code, [first, ...more]]) => {
    const place = first!.place ? ` at ${first!.place.lat.toFixed(4)},${first!.place.lon.toFixed(4)}` : '';
    const others = more.length > 0 ? `, and ${more.length} more` : '';
    const what = `Boundaries: ${code}${place}: ${first!.message}${others}.`;
    const fix = `Correct them; "esinet gis check ${files}" shows each, and with --html on a map.`;
    return first!.severity === 'Error' ? fault(what, fix) : warning(what, fix);
  });
  if (findings.length > 0) return findings;
  return [
    fine(
      `${report.features.length} boundaries for ${report.services.join(', ')} have neither gaps nor overlaps.`,
    ),
  ];
}
