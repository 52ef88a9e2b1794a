import { decoded, jsonAnswer, operatorOnly } from '@esinet/element-esrp';
import type { FastRoutes } from '@esinet/platform';
import type { Calls } from './calls.js';

const prefix = '/api/calls/';
const suffix = '/explanation';

/** `GET /api/calls?limit=` and `GET /api/calls/{id}/explanation`, for the operator on this machine. */
export function callRoutes(calls: Calls): FastRoutes {
  return {
    '/api/calls': (request) =>
      operatorOnly(request, () => jsonAnswer(200, { calls: calls.recent(request.query.get('limit')) })),
    [prefix]: (request) =>
      operatorOnly(request, () => {
        if (!request.path.endsWith(suffix)) return jsonAnswer(404, { error: 'no such page' });
        const id = decoded(request.path.slice(prefix.length, -suffix.length));
        const explanation = calls.explanation(id, { replay: request.query.has('replay') });
        return explanation
          ? jsonAnswer(200, explanation)
          : jsonAnswer(404, { error: 'nothing is remembered of this call' });
      }),
  };
}
