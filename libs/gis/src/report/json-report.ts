import type { CheckReport } from '../check/check-boundaries.js';
import type { Issue } from '../check/issue.js';
import { issueCatalogue } from '../check/issue-catalogue.js';

/** For programs: every issue with its meaning, its fix and its geometry. */
export function jsonReport(report: CheckReport): unknown {
  const { errors, notices, accepted, features, files, services, tolerance, checkedAt } = report;
  return {
    summary: { errors, notices, accepted, features: features.length },
    files,
    services,
    tolerance,
    checkedAt: new Date(checkedAt).toISOString(),
    issues: report.issues.map((issue) => {
      const { meaning, fix } = issueCatalogue[issue.code];
      return { ...issue, meaning, fix };
    }),
  };
}

/** A layer for QGIS: one feature an issue; those without a place have no geometry (RFC 7946 3.2). */
export function issuesGeojson(issues: readonly Issue[]): unknown {
  return {
    type: 'FeatureCollection',
    features: issues.map((issue) => ({
      type: 'Feature',
      id: issue.id,
      geometry: issue.geometry ?? null,
      properties: {
        id: issue.id,
        code: issue.code,
        severity: issue.severity,
        message: issue.message,
        meaning: issueCatalogue[issue.code].meaning,
        fix: issueCatalogue[issue.code].fix,
        features: issue.features.map(({ id }) => id).join(' | '),
        names: issue.features.map(({ name }) => name).join(' | '),
        service: issue.service ?? null,
        area_m2: issue.areaM2 === undefined ? null : Math.round(issue.areaM2 * 100) / 100,
        accepted: issue.accepted ?? null,
      },
    })),
  };
}
