/** Width beyond which a list or a mapping gets lines of its own. */
const width = 96;

/** Plain data as YAML, the way a person would write it: short lists and mappings on one line. */
export function yamlText(value: unknown, indent = ''): string {
  if (isMapping(value)) {
    return Object.entries(value)
      .map(([key, member]) => `${indent}${scalar(key)}:${below(member, indent, key.length)}`)
      .join('\n');
  }
  if (Array.isArray(value)) {
    return value
      .map((member: unknown) => {
        const line = flow(member);
        if (indent.length + line.length < width || !isCollection(member)) return `${indent}- ${line}`;
        return `${indent}- ${yamlText(member, `${indent}  `).trimStart()}`;
      })
      .join('\n');
  }
  return indent + scalar(value);
}

function below(member: unknown, indent: string, taken: number): string {
  const line = flow(member);
  const fits = indent.length + taken + line.length < width && !isDeep(member);
  return fits || !isCollection(member) ? ` ${line}` : `\n${yamlText(member, `${indent}  `)}`;
}

function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(', ')}]`;
  if (!isMapping(value)) return scalar(value);
  const members = Object.entries(value).map(([key, member]) => `${scalar(key)}: ${flow(member)}`);
  return `{ ${members.join(', ')} }`;
}

function scalar(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value ?? null);
  return /^[A-Za-z][A-Za-z0-9 ._/-]*$/.test(value) && !/^(true|false|yes|no|on|off|null)$/i.test(value)
    ? value
    : JSON.stringify(value);
}

/** Mappings within mappings, which nobody reads on one line. */
function isDeep(value: unknown): boolean {
  const members = isMapping(value) ? Object.values(value) : Array.isArray(value) ? value : [];
  return members.some((member: unknown) => (isMapping(value) ? isCollection(member) : isMapping(member)));
}

function isCollection(value: unknown): boolean {
  return Array.isArray(value) || isMapping(value);
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
