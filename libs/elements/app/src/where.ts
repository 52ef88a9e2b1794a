import { type Result, err, ok } from '@esinet/kernel';
import type { CivicAddress } from '@esinet/location';
import {
  CIVIC,
  GEODETIC_2D,
  type LocationValidation,
  type LostWarning,
  type Mapping,
  httpLostClient,
} from '@esinet/lost';

/** A point, or an address. */
export type WhereQuestion = WhereOptions &
  (
    | { readonly latitude: number; readonly longitude: number; readonly civic?: undefined }
    | { readonly civic: CivicAddress; readonly validate?: boolean }
  );

export interface WhereOptions {
  readonly lost: string;
  /** Service URN. */
  readonly service: string;
  /** Ask for the boundary too. */
  readonly boundary?: boolean;
}

/** What a LoST server says about a place (RFC 5222 8.4, 13). */
export type WhereAnswer =
  | {
      readonly kind: 'mapping';
      readonly mapping: Mapping;
      readonly warnings: readonly LostWarning[];
      readonly path: readonly string[];
      /** Where it was asked for and the server can (RFC 5222 8.4.2). */
      readonly validation?: LocationValidation;
      readonly milliseconds: number;
    }
  | { readonly kind: 'error'; readonly code: string; readonly message: string; readonly milliseconds: number }
  | { readonly kind: 'redirect'; readonly target: string; readonly milliseconds: number };

/** Asks a LoST server who serves a point or an address (LOST-1). The error of the Result means: no LoST answer came. */
export async function askWhere(q: WhereQuestion): Promise<Result<WhereAnswer, string>> {
  const client = httpLostClient({ url: q.lost });
  const started = performance.now();
  const answer = await client.ask({
    type: 'findService',
    locations: [
      q.civic
        ? { id: 'here', profile: CIVIC, civic: q.civic }
        : {
            id: 'here',
            profile: GEODETIC_2D,
            shape: { type: 'point', position: [q.longitude, q.latitude] },
          },
    ],
    service: q.service,
    recursive: true,
    validateLocation: q.civic !== undefined && q.validate === true,
    serviceBoundary: q.boundary ? 'value' : 'reference',
    path: [],
  });
  const milliseconds = performance.now() - started;
  client.close();
  if (!answer.ok) return err(`${q.lost}: ${answer.error.message}`);
  const document = answer.value;
  switch (document.type) {
    case 'findServiceResponse': {
      const [mapping] = document.mappings;
      if (!mapping) return err(`${q.lost}: an answer without a mapping`);
      return ok({
        kind: 'mapping',
        mapping,
        warnings: document.warnings,
        path: document.path,
        ...(document.locationValidation ? { validation: document.locationValidation } : {}),
        milliseconds,
      });
    }
    case 'errors': {
      const [first] = document.errors;
      return ok({
        kind: 'error',
        code: first?.code ?? 'internalError',
        message: first?.message ?? '',
        milliseconds,
      });
    }
    case 'redirect':
      return ok({ kind: 'redirect', target: document.target, milliseconds });
    default:
      return err(`${q.lost}: the answer to another question`);
  }
}

/** What is to be had at a place (RFC 5222 11). */
export type ServicesAnswer =
  | { readonly kind: 'services'; readonly services: readonly string[]; readonly milliseconds: number }
  | { readonly kind: 'error'; readonly code: string; readonly message: string; readonly milliseconds: number }
  | { readonly kind: 'redirect'; readonly target: string; readonly milliseconds: number };

/**
 * Asks a LoST server which services there are for a point (LOST-1): those below `service`, or its top-level ones. The
 * error of the Result means: no LoST answer came.
 */
export async function askServices(
  q: Pick<WhereOptions, 'lost'> & {
    readonly latitude: number;
    readonly longitude: number;
    readonly service?: string;
  },
): Promise<Result<ServicesAnswer, string>> {
  const client = httpLostClient({ url: q.lost });
  const started = performance.now();
  const answer = await client.ask({
    type: 'listServicesByLocation',
    locations: [
      { id: 'here', profile: GEODETIC_2D, shape: { type: 'point', position: [q.longitude, q.latitude] } },
    ],
    ...(q.service !== undefined && { service: q.service }),
    recursive: true,
    path: [],
  });
  const milliseconds = performance.now() - started;
  client.close();
  if (!answer.ok) return err(`${q.lost}: ${answer.error.message}`);
  const document = answer.value;
  switch (document.type) {
    case 'listServicesByLocationResponse':
      return ok({ kind: 'services', services: document.services, milliseconds });
    case 'errors': {
      const [first] = document.errors;
      return ok({
        kind: 'error',
        code: first?.code ?? 'internalError',
        message: first?.message ?? '',
        milliseconds,
      });
    }
    case 'redirect':
      return ok({ kind: 'redirect', target: document.target, milliseconds });
    default:
      return err(`${q.lost}: the answer to another question`);
  }
}
