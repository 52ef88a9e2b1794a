import type { FastHandler, FastRequest, FastResponse, FastRoutes } from '@esinet/platform';
import { isSourceId } from '@esinet/sip';
import type { BadActors } from './bad-actors.js';
import type { BadActorsConfig } from './config.js';

const path = '/BadActors';

/** Octets of a report: an identifier, and JSON around it. */
export const maxReportBytes = 4_096;

/** NENA i3 shape: there is no such source. */
const unknownSource = 433;

/**
 * HTTP-2 of the border: `POST /BadActors` reports, `GET` lists, `DELETE /BadActors/{id}` undoes. Served to elements inside:
 * over HTTPS by the names in their certificates, over plain HTTP by address.
 */
export function badActorRoutes(
  actors: BadActors,
  o: { readonly reporters: BadActorsConfig['reporters']; readonly secure: boolean },
): FastRoutes {
  const answer: FastHandler = (request) => {
    const by = reporterOf(request, o);
    if (by === undefined) return said(403, 'not a reporter of this border');
    // A page in somebody's browser is no PSAP, wherever the browser runs.
    if (request.headers.origin !== undefined) return said(403, 'not for browsers');
    const rest = request.path.slice(path.length + 1);
    switch (request.method) {
      case 'POST':
        return rest === '' ? reported(actors, request, by) : said(404, 'no such resource');
      case 'GET':
        return rest === '' ? json(200, { badActors: actors.list() }) : one(actors, decoded(rest));
      case 'DELETE':
        return undone(actors, decoded(rest), by);
      default:
        return { ...said(405, 'GET, POST, DELETE'), headers: { ...problem, allow: 'GET, POST, DELETE' } };
    }
  };
  const handler: FastHandler = Object.assign(answer, { maxBodyBytes: () => maxReportBytes });
  return { [path]: handler, [`${path}/`]: handler };
}

async function reported(actors: BadActors, request: FastRequest, by: string): Promise<FastResponse> {
  const id = sourceIdIn(request);
  if (id === undefined) return said(400, 'expected a source id, uniqueId@border, as text/plain or JSON');
  const measure = await actors.report(id, by);
  return measure ? json(201, measure) : said(unknownSource, 'no such source id');
}

async function undone(actors: BadActors, id: string, by: string): Promise<FastResponse> {
  const measure = await actors.undo(id, by);
  return measure ? json(200, measure) : said(404, 'nothing is in force against this source');
}

function one(actors: BadActors, id: string): FastResponse {
  const found = actors.list().find((each) => each.id === id);
  return found ? json(200, found) : said(404, 'nothing is in force against this source');
}

/** The text itself, or `content`, `uniqueId` or `sourceId` of an object: implementations differ. */
function sourceIdIn(request: FastRequest): string | undefined {
  const text = request.body.toString('utf8').trim();
  const candidate = text.startsWith('{') || text.startsWith('"') ? idOfJson(text) : text;
  if (typeof candidate !== 'string') return undefined;
  const id = candidate.trim().replace(/^<(.*)>$/, '$1');
  return isSourceId(id) ? id : undefined;
}

function idOfJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return value;
    const { content, uniqueId, sourceId } = value as Record<string, unknown>;
    return content ?? uniqueId ?? sourceId;
  } catch {
    return undefined;
  }
}

/** The name the reporter goes by in the audit trail; undefined for those who may not. */
function reporterOf(
  { clientNames, remoteAddress }: FastRequest,
  o: { readonly reporters: BadActorsConfig['reporters']; readonly secure: boolean },
): string | undefined {
  const { names, addresses } = o.reporters;
  if (o.secure) return clientNames.find((name) => names.includes(name));
  const address = remoteAddress.startsWith('::ffff:') ? remoteAddress.slice('::ffff:'.length) : remoteAddress;
  return addresses.includes(address) ? address : undefined;
}

const problem = { 'content-type': 'application/problem+json' };

function said(status: number, detail: string): FastResponse {
  return { status, headers: problem, body: JSON.stringify({ status, detail }) };
}

function json(status: number, value: unknown): FastResponse {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}
