import { Controller, Get, Inject, Param, Query, Res } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import { LIMITS, type Limits } from '@esinet/platform';
import { pathOf, queryOf } from '../api/input.js';
import { Operation } from '../api/operation.js';
import { Problem } from '../api/problem.js';
import { idParameter, numberParameter } from '../api/schemas.js';
import { partHeaders, partOctets } from '../attachments/part-octets.js';
import { PsapService } from '../psap-service.js';
import type { TestRecord } from '../tests/test-log.js';
import { type AlertRecord, type ShownAlert, shownAlert } from './alert-record.js';
import { alertSchema, alertsQuery, alertsSchema, testsQuery, testsSchema } from './alert-schemas.js';

const path = { id: idParameter };

/** Calls of things, with which nobody talks. */
@Controller('api/alerts')
export class AlertsController {
  constructor(
    @Inject(PsapService) private readonly psap: PsapService,
    @Inject(LIMITS) private readonly limits: Limits,
  ) {}

  @Get()
  @Operation({
    id: 'listAlerts',
    tag: 'alerts',
    summary: 'The newest alerts',
    query: alertsQuery,
    answer: { status: 200, description: 'Newest first', schema: alertsSchema },
    problems: ['bad-request'],
    curl: 'http://127.0.0.1:15090/api/alerts?centre=madrid',
  })
  async list(@Query() query: unknown): Promise<{ alerts: ShownAlert[] }> {
    const { centre, limit } = queryOf(alertsQuery, query);
    return { alerts: (await this.psap.alerts.list(limit, centre)).map(shownAlert) };
  }

  @Get(':id')
  @Operation({
    id: 'getAlert',
    tag: 'alerts',
    summary: 'One alert',
    path,
    answer: { status: 200, description: 'The alert', schema: alertSchema },
    problems: ['bad-request', 'not-found'],
    curl: 'http://127.0.0.1:15090/api/alerts/ALERT',
  })
  async get(@Param('id') id: unknown): Promise<ShownAlert> {
    return shownAlert(await this.#find(id));
  }

  @Get(':id/parts/:part')
  @Operation({
    id: 'getAlertPart',
    tag: 'alerts',
    summary: 'What came with an alert, octet by octet as it was sent',
    description: 'As for the attachments of a chat.',
    path: { ...path, part: numberParameter },
    answer: {
      status: 200,
      description: 'Its octets, under the media type of the sender where that is harmless',
      contentType: '*/*',
    },
    problems: ['bad-request', 'not-found'],
    curl: '-O http://127.0.0.1:15090/api/alerts/ALERT/parts/0',
  })
  async part(
    @Param('id') id: unknown,
    @Param('part') number: unknown,
    @Res() response: ServerResponse,
  ): Promise<void> {
    const wanted = pathOf(numberParameter, number);
    const part = partOctets(await this.#find(id), wanted, this.limits);
    if (!part) throw new Problem('not-found', 'the alert has no such part');
    response.writeHead(200, partHeaders(part, `part-${wanted}`));
    response.end(part.body);
  }

  async #find(id: unknown): Promise<AlertRecord> {
    const alert = await this.psap.alerts.find(pathOf(idParameter, id));
    if (!alert) throw new Problem('not-found', 'there is no such alert');
    return alert;
  }
}

/** Test calls, for those who look after the system: no call taker needs to know. */
@Controller('api/tests')
export class TestsController {
  constructor(@Inject(PsapService) private readonly psap: PsapService) {}

  @Get()
  @Operation({
    id: 'listTests',
    tag: 'about',
    summary: 'The newest test calls',
    query: testsQuery,
    answer: { status: 200, description: 'Newest first', schema: testsSchema },
    problems: ['bad-request'],
    curl: 'http://127.0.0.1:15090/api/tests',
  })
  async list(@Query() query: unknown): Promise<{
    tests: Pick<TestRecord, 'test' | 'at' | 'centre' | 'callId' | 'caller' | 'asked' | 'answer'>[];
  }> {
    const tests = await this.psap.tests.list(queryOf(testsQuery, query).limit);
    return {
      tests: tests.map(({ test, at, centre, callId, caller, asked, answer }) => ({
        test,
        at,
        centre,
        callId,
        caller,
        asked,
        answer,
      })),
    };
  }
}
