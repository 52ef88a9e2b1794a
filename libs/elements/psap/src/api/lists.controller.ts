import { Controller, Get, HttpCode, Inject, Param, Query } from '@nestjs/common';
import { ApiExcludeEndpoint } from '@nestjs/swagger';
import { parameterRegistry } from '@esinet/lmpe';
import type { z } from 'zod';
import { PSAP_CONFIG, type PsapConfig } from '../config.js';
import { PsapService } from '../psap-service.js';
import { type Snippet, snippetsOf } from '../takers/snippets.js';
import { asyncApiDocument } from './asyncapi.js';
import { queryOf } from './input.js';
import { Operation } from './operation.js';
import { Problem, type ProblemCode, problems } from './problem.js';
import {
  centresSchema,
  idParameter,
  problemMeaningSchema,
  problemMeaningsSchema,
  registrySchema,
  snippetsQuery,
  snippetsSchema,
} from './schemas.js';

/** What a program has to know beforehand. */
@Controller('api')
export class ListsController {
  constructor(
    @Inject(PsapService) private readonly psap: PsapService,
    @Inject(PSAP_CONFIG) private readonly config: PsapConfig,
  ) {}

  @Get('centres')
  @Operation({
    id: 'listCentres',
    tag: 'about',
    summary: 'The centres of this program',
    answer: { status: 200, description: 'Those listed, and the default one', schema: centresSchema },
    curl: 'http://127.0.0.1:15090/api/centres',
  })
  centres(): z.input<typeof centresSchema> {
    return {
      centres: this.psap.centres.list().map(({ id, uri, name }) => ({ id, uri, name })),
      acceptAny: this.psap.centres.acceptsAny,
    };
  }

  @Get('snippets')
  @Operation({
    id: 'listSnippets',
    tag: 'about',
    summary: 'Texts that can be sent by their name',
    query: snippetsQuery,
    answer: { status: 200, description: 'As configured in `psap.snippets`', schema: snippetsSchema },
    problems: ['bad-request'],
    curl: 'http://127.0.0.1:15090/api/snippets?language=es',
  })
  snippets(@Query() query: unknown): { snippets: Snippet[] } {
    return { snippets: snippetsOf(this.config.snippets, queryOf(snippetsQuery, query).language) };
  }

  @Get('asyncapi.json')
  @ApiExcludeEndpoint()
  asyncApi(): object {
    return asyncApiDocument();
  }

  @Get('registry')
  @Operation({
    id: 'getRegistry',
    tag: 'about',
    summary: 'The parameter values of TS 103 698 in use',
    description: 'Message types, identifiers and service URNs (Annex C), from the constants of the program.',
    answer: { status: 200, description: 'All registries', schema: registrySchema },
    curl: 'http://127.0.0.1:15090/api/registry',
  })
  registry(): z.input<typeof registrySchema> {
    return parameterRegistry();
  }

  @Get('problems')
  @Operation({
    id: 'listProblems',
    tag: 'about',
    summary: 'Every code an error can have, with its meaning',
    answer: { status: 200, description: 'All codes', schema: problemMeaningsSchema },
    curl: 'http://127.0.0.1:15090/api/problems',
  })
  problems(): { problems: z.input<typeof problemMeaningSchema>[] } {
    return { problems: (Object.keys(problems) as ProblemCode[]).map(meaningOf) };
  }

  @Get('problems/:code')
  @HttpCode(200)
  @Operation({
    id: 'getProblem',
    tag: 'about',
    summary: 'The meaning of one code',
    path: { code: idParameter },
    answer: { status: 200, description: 'What it means', schema: problemMeaningSchema },
    problems: ['not-found'],
    curl: 'http://127.0.0.1:15090/api/problems/not-open',
  })
  problem(@Param('code') code: unknown): z.input<typeof problemMeaningSchema> {
    if (typeof code !== 'string' || !Object.hasOwn(problems, code)) {
      throw new Problem('not-found', 'no error has this code');
    }
    return meaningOf(code as ProblemCode);
  }
}

function meaningOf(code: ProblemCode): z.input<typeof problemMeaningSchema> {
  const [status, title, meaning] = problems[code];
  return { code, status, title, meaning };
}
