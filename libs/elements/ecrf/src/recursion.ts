import {
  type FindServiceRequest,
  type FindServiceResponse,
  type LostAnswer,
  type LostErrors,
  type LostLocation,
  type LostWarning,
  MAX_PATH,
} from '@esinet/lost';
import { errorAnswer } from './answer.js';
import { lostName } from './coverage.js';
import type { EcrfLayers } from './layers.js';
import { mended } from './passed-on.js';
import { type Asking, LANG, type Located, type Referral, visitedOf } from './resolve-context.js';

/** A question of last resort still gets this much. Milliseconds. */
const MIN_BUDGET_MS = 100;

/** RFC 5222 section 13.3. Who was asked already is not named again (section 6). */
export function redirect(
  request: Located,
  servers: readonly string[],
  local: LostAnswer,
  layers: EcrfLayers,
): LostAnswer {
  const visited = visitedOf(request.path);
  const target = servers.find((name) => !visited.has(name));
  if (target === undefined) {
    if (local.type !== 'errors') return local;
    return errorAnswer(layers.source, 'loop', 'the responsible server has been asked on the way already');
  }
  return {
    type: 'redirect',
    target,
    source: layers.source,
    message: 'this server is responsible for the location',
    lang: LANG,
  };
}

/** Asks all of `servers`, which are several only where their regions overlap (RFC 5582 section 7.3). */
export async function recurse<R extends Located>(
  request: R,
  location: LostLocation,
  servers: readonly string[],
  asking: Asking,
): Promise<LostAnswer[]> {
  const { referral } = asking;
  const { budgetMs, hopMs, overlapping } = referral.limits;
  const budget = Math.max(MIN_BUDGET_MS, budgetMs - hopMs * request.path.length);
  const deadline = referral.clock.now() + budget;
  return Promise.all(
    servers.slice(0, overlapping).map(async (server) => {
      const asked = await ask(server, request, deadline, asking);
      if (asked.type === 'findServiceResponse' && request.type === 'findService') {
        keep(request, location, server, asked, referral);
      }
      return asked;
    }),
  );
}

/** For the next who ask. A boundary that came by reference is fetched while nobody waits for it (RFC 5222 section 9). */
function keep(
  request: FindServiceRequest,
  location: LostLocation,
  server: string,
  asked: FindServiceResponse,
  { cache, upstreams, limits }: Referral,
): void {
  if (request.validateLocation) return;
  const [mapping] = asked.mappings;
  const reference = mapping?.serviceBoundaryReference;
  const isByValue = mapping?.serviceBoundary ?? mapping?.civicBoundary;
  if (!mapping || isByValue || !reference || !location.shape) {
    cache.remember(request.service, location, server, asked);
    return;
  }
  const of = lostName(reference.source);
  if (of === undefined) return;
  void upstreams.ask(of, { type: 'getServiceBoundary', key: reference.key }, limits.budgetMs).then((got) => {
    if (!got.ok || got.value.type !== 'getServiceBoundaryResponse') return;
    const { serviceBoundaryReference: _, ...rest } = mapping;
    const whole = { ...rest, serviceBoundary: got.value.serviceBoundary };
    cache.remember(request.service, location, server, { ...asked, mappings: [whole] });
  });
}

/** One server and where it redirects to. */
async function ask(
  first: string,
  request: Located,
  deadline: number,
  { layers, referral }: Asking,
): Promise<LostAnswer> {
  const own = layers.source.toLowerCase();
  let server = first;
  let path = [...request.path, layers.source];
  for (let redirects = 0; redirects <= referral.limits.redirects; redirects += 1) {
    if (visitedOf(path).has(server) || path.length >= MAX_PATH) {
      return errorAnswer(layers.source, 'loop', 'the responsible server has been asked on the way already');
    }
    const left = deadline - referral.clock.now();
    const onward = { ...request, recursive: true, path };
    // By value, so that the answer can be kept for all of its boundary.
    const question =
      onward.type === 'findService' ? { ...onward, serviceBoundary: 'value' as const } : onward;
    const asked = await referral.upstreams.ask(server, question, left);
    if (!asked.ok) return errorAnswer(layers.source, asked.error.code, asked.error.message);
    if (asked.value.type !== 'redirect') {
      return mended(asked.value, server, path, referral.clock.wall());
    }
    const target = lostName(asked.value.target);
    if (target === undefined) {
      return errorAnswer(layers.source, 'serverError', 'the server redirects to what is no server');
    }
    // RFC 5222 section 6: who asks one server after the other names all of them.
    path = [...path, server];
    if (target === own) {
      return errorAnswer(layers.source, 'notFound', 'the responsible server redirects back to this one');
    }
    server = target;
  }
  return errorAnswer(layers.source, 'serverError', 'too many redirects');
}

/** The error to tell of several: one that says a server is away before one that says there is nothing. */
export function worstOf(asked: readonly LostAnswer[], layers: EcrfLayers): LostErrors {
  const errors = asked.filter((a) => a.type === 'errors');
  const worst = errors.find(isAway) ?? errors.find((e) => e.errors[0]?.code !== 'loop') ?? errors[0];
  if (worst) return worst;
  const message = 'the answer of the server is not one to this question';
  return { type: 'errors', source: layers.source, errors: [{ code: 'serverError', message, lang: LANG }] };
}

export function isAway(problem: LostErrors): boolean {
  const code = problem.errors[0]?.code;
  return code === 'serverTimeout' || code === 'serverError' || code === 'internalError';
}

/** RFC 5222 section 13: an error that comes with an answer is a warning. */
export function warningsOf(problem: LostErrors): LostWarning[] {
  return problem.errors.map((e) => ({ ...e, source: problem.source }));
}
