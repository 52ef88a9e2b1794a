import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { PrometheusMetrics } from '@esinet/platform';

/** Names of metrics in the code of libraries and elements, and those every process has. Histograms with their series. */
export async function metricNames(root: string): Promise<ReadonlySet<string>> {
  const names = new Set<string>();
  for (const folder of ['libs', 'apps']) {
    for (const file of readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })) {
      if (!file.includes('/src/') || !file.endsWith('.ts') || file.endsWith('.spec.ts')) continue;
      if (file.includes('node_modules')) continue;
      for (const [, name] of readFileSync(join(root, folder, file), 'utf8').matchAll(
        /'(esinet_[a-z0-9_]+)'/g,
      ))
        if (name !== undefined) names.add(name);
    }
  }
  for (const { name } of await new PrometheusMetrics({ process: true }).registry.getMetricsAsJSON())
    names.add(name);
  for (const name of [...names])
    if (name.endsWith('_seconds')) for (const end of ['bucket', 'sum', 'count']) names.add(`${name}_${end}`);
  return names;
}

/** The metrics that an expression of PromQL names. */
export function metricsIn(expression: string): string[] {
  const bare = expression.replace(/"[^"]*"/g, '').replace(/\{[^}]*\}/g, '');
  return [
    ...new Set(
      [...bare.matchAll(/\b((?:esinet|nodejs|process)_[a-z0-9_]+|up)\b/g)].map(([, name = '']) => name),
    ),
  ];
}
