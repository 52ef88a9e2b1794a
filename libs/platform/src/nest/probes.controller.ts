import { Controller, Get, Header, Inject, Res } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import type { HealthChecks, HealthReport } from '../telemetry/health.js';
import type { PrometheusMetrics } from '../telemetry/metrics.js';
import { ELEMENT, HEALTH, METRICS } from './tokens.js';

/** What an orchestrator asks: is the process alive, can it work, and what has it counted. */
@Controller()
export class ProbesController {
  constructor(
    @Inject(ELEMENT) private readonly element: string,
    @Inject(HEALTH) private readonly health: HealthChecks,
    @Inject(METRICS) private readonly metrics: PrometheusMetrics,
  ) {}

  /** The process only: a restart cures nothing that is wrong with a dependency. */
  @Get('livez')
  livez(): { element: string; alive: true } {
    return { element: this.element, alive: true };
  }

  @Get('readyz')
  async readyz(
    @Res({ passthrough: true }) response: ServerResponse,
  ): Promise<HealthReport & { element: string }> {
    const report = await this.health.report();
    response.statusCode = report.ready ? 200 : 503;
    return { element: this.element, ...report };
  }

  @Get('metrics')
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  counted(): Promise<string> {
    return this.metrics.text();
  }
}
