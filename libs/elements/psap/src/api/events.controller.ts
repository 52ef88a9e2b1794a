import { Controller, Get, Inject, Query, Req, Res } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { EventStream } from './event-stream.js';
import { queryOf } from './input.js';
import { Operation } from './operation.js';
import { Problem } from './problem.js';
import { eventsQuery } from './schemas.js';

/** What happens, as it happens. */
@Controller('api/events')
export class EventsController {
  constructor(@Inject(EventStream) private readonly stream: EventStream) {}

  @Get()
  @Operation({
    id: 'listen',
    tag: 'events',
    summary: 'Everything that happens in chats, as server-sent events',
    description:
      'What each type of event carries stands in `/api/asyncapi.json`. `ready` comes first. Whoever comes back with Last-Event-ID is told what it missed; where that is not kept any more `missed` comes instead, and everything has to be fetched anew. A comment comes every 15 s. Test calls are not told of.',
    query: eventsQuery,
    headers: { 'Last-Event-ID': 'Identifier of the last event that was read' },
    answer: { status: 200, description: 'Goes on until one side ends it', contentType: 'text/event-stream' },
    problems: ['bad-request', 'too-many-listeners'],
    curl: '-N http://127.0.0.1:15090/api/events',
  })
  listen(@Query() query: unknown, @Req() request: IncomingMessage, @Res() response: ServerResponse): void {
    const { centre, lastEventId } = queryOf(eventsQuery, query);
    if (this.stream.full) throw new Problem('too-many-listeners', 'as many read the event stream as may');
    const header = request.headers['last-event-id'];
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      // Tells a proxy in between not to collect what it passes on.
      'x-accel-buffering': 'no',
    });
    const leave = this.stream.open(
      {
        write: (text) => void response.write(text),
        get unread() {
          return response.writableLength;
        },
        end: () => void response.end(),
        cut: () => void response.destroy(),
      },
      { centre, after: typeof header === 'string' ? header : lastEventId },
    );
    response.on('close', leave);
    response.on('error', leave);
  }
}
