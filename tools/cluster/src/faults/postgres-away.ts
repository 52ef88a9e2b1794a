import type { Fault } from './fault.js';
import { killServer } from './server-faults.js';

export const postgresAway: Fault = {
  id: 'POSTGRES',
  title: 'PostgreSQL is away',
  goal: 'lost 0; what is answered 200 meanwhile is in a spool on disk, and in the records afterwards; order kept',
  answer: 'what cannot be recorded is spooled where a spool is configured, or refused with 5xx',
  needs: ['servers'],
  holdMs: 10_000,
  random: true,
  inject: (trouble) => killServer(trouble, 'postgres'),
};
