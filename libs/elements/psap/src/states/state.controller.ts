import { Controller, Get, Inject, Put, Req } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import type { z } from 'zod';
import { valueOf } from '../api/answers.js';
import { bodyOf } from '../api/input.js';
import { Operation } from '../api/operation.js';
import { Problem } from '../api/problem.js';
import { PsapService } from '../psap-service.js';
import { PsapStates } from './psap-states.js';
import { setStateBody, stateSchema } from './state-schemas.js';

type State = z.input<typeof stateSchema>;

/** How the centres are, and what their operator says of it. */
@Controller('api/state')
export class StateController {
  constructor(
    @Inject(PsapService) private readonly psap: PsapService,
    @Inject(PsapStates) private readonly states: PsapStates,
  ) {}

  @Get()
  @Operation({
    id: 'getState',
    tag: 'states',
    summary: 'The states of this program, its services and its queues',
    answer: { status: 200, description: 'As subscribers hear them', schema: stateSchema },
    curl: 'http://127.0.0.1:15090/api/state',
  })
  get(): State {
    const { services, queues, edge } = this.states;
    const element = edge.health.source.current();
    return {
      element: element as State['element'],
      service: services.now(),
      centres: this.psap.centres.list().map(({ id, uri }) => {
        const { queueLength, queueMaxLength, state } = queues.state(id);
        return {
          centre: id,
          uri,
          ...services.now(id),
          queue: { length: queueLength, max: queueMaxLength, state: state as 'Active' },
        };
      }),
    };
  }

  @Put()
  @Operation({
    id: 'setState',
    tag: 'states',
    summary: 'Says how the service is, and its security posture',
    description:
      'Routers that subscribe hear it at once. It lasts until something else is said, also over a restart. `Normal` and `Green` take it back.',
    body: { schema: setStateBody, required: true },
    answer: { status: 200, description: 'Recorded and told', schema: stateSchema },
    problems: ['bad-request', 'not-found', 'unsupported-media-type', 'not-stored'],
    curl: `-X PUT http://127.0.0.1:15090/api/state -H 'content-type: application/json' -d '{"state":"Down","reason":"fire alarm"}'`,
  })
  async set(@Req() request: IncomingMessage): Promise<State> {
    const { centre, state, reason, posture } = bodyOf(setStateBody, request);
    if (centre !== undefined && !this.psap.centres.lists(centre)) {
      throw new Problem('not-found', 'there is no such centre');
    }
    valueOf(
      await this.states.services.say(
        {
          ...(state !== undefined && { state }),
          ...(reason !== undefined && { reason }),
          ...(posture !== undefined && { posture }),
        },
        centre,
      ),
    );
    return this.get();
  }
}
