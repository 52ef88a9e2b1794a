import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import type { ServerResponse } from 'node:http';

/** RFC 9457: an error of the REST interface as `application/problem+json`. */
export class Problem extends HttpException {
  constructor(
    status: number,
    readonly title: string,
    readonly detail: string,
  ) {
    super({ title, detail, status }, status);
  }
}

/** Gives every error of a controller, Nest's own too, the form of RFC 9457. */
@Catch(HttpException)
export class ProblemFilter implements ExceptionFilter<HttpException> {
  catch(error: HttpException, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<ServerResponse>();
    const status = error.getStatus();
    const [title, detail] =
      error instanceof Problem ? [error.title, error.detail] : [error.name, error.message];
    response.statusCode = status;
    response.setHeader('content-type', 'application/problem+json');
    response.end(JSON.stringify({ type: 'about:blank', title, status, detail }));
  }
}
