import { Controller, Get, HttpCode, Inject, Param, Post, Query, Req } from '@nestjs/common';
import { ApiExcludeEndpoint } from '@nestjs/swagger';
import type { IncomingMessage } from 'node:http';
import type { z } from 'zod';
import { PSAP_CONFIG, type PsapConfig } from '../config.js';
import type { Desk, TransferView } from '../desk.js';
import { PsapService } from '../psap-service.js';
import { type Snippet, snippetsOf } from '../takers/snippets.js';
import { valueOf } from './answers.js';
import { asyncApiDocument } from './asyncapi.js';
import { speaker } from './chat-room.js';
import { bodyOf, pathOf, queryOf } from './input.js';
import { Operation } from './operation.js';
import { Problem, type ProblemCode, problems } from './problem.js';
import {
  centreOnlyQuery,
  centresSchema,
  decideBody,
  idParameter,
  problemMeaningSchema,
  problemMeaningsSchema,
  snippetsQuery,
  snippetsSchema,
  transferSchema,
  transfersSchema,
} from './schemas.js';

/** Transfers between centres, and a call taker's word on those that come in. */
@Controller('api/transfers')
export class TransfersController {
  constructor(@Inject(PsapService) private readonly psap: PsapService) {}

  @Get()
  @Operation({
    id: 'listTransfers',
    tag: 'transfers',
    summary: 'Transfers under way and the latest that are over',
    query: centreOnlyQuery,
    answer: { status: 200, description: 'Those known in memory', schema: transfersSchema },
    problems: ['bad-request'],
    curl: 'http://127.0.0.1:15090/api/transfers',
  })
  list(@Query() query: unknown): { transfers: TransferView[] } {
    const { centre } = queryOf(centreOnlyQuery, query);
    return { transfers: this.#desk.transfers(centre === undefined ? {} : { centre }) };
  }

  @Post(':id/accept')
  @Operation({
    id: 'acceptTransfer',
    tag: 'transfers',
    summary: 'Agrees to take a chat over',
    path: { id: idParameter },
    headers: { 'X-Taker': 'Who agrees' },
    body: { schema: decideBody, required: false },
    answer: { status: 200, description: 'Agreed', schema: transferSchema },
    problems: ['bad-request', 'not-found', 'not-open', 'unsupported-media-type', 'not-stored'],
    curl: '-X POST http://127.0.0.1:15090/api/transfers/TRANSFER/accept',
  })
  accept(@Param('id') id: unknown, @Req() request: IncomingMessage): Promise<TransferView> {
    return this.#decide(id, request, true);
  }

  @Post(':id/decline')
  @Operation({
    id: 'declineTransfer',
    tag: 'transfers',
    summary: 'Refuses to take a chat over',
    path: { id: idParameter },
    headers: { 'X-Taker': 'Who refuses' },
    body: { schema: decideBody, required: false },
    answer: { status: 200, description: 'Refused', schema: transferSchema },
    problems: ['bad-request', 'not-found', 'not-open', 'unsupported-media-type', 'not-stored'],
    curl: '-X POST http://127.0.0.1:15090/api/transfers/TRANSFER/decline',
  })
  decline(@Param('id') id: unknown, @Req() request: IncomingMessage): Promise<TransferView> {
    return this.#decide(id, request, false);
  }

  get #desk(): Desk {
    return this.psap.desk;
  }

  async #decide(id: unknown, request: IncomingMessage, accept: boolean): Promise<TransferView> {
    const by = speaker(request, bodyOf(decideBody, request).by);
    return valueOf(await this.#desk.decide(pathOf(idParameter, id), accept, by));
  }
}

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
