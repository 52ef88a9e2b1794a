import { type EventSchemas, eventSchemas } from './event-schemas.js';
import { componentSchemas } from './json-schema.js';
import { named } from './schemas.js';

type EventType = keyof EventSchemas;

/** The description of the event stream (AsyncAPI 3.0), made from the same schemas as the rest. */
export function asyncApiDocument(): object {
  const types = Object.keys(eventSchemas) as EventType[];
  const each = <T>(make: (type: EventType) => T) =>
    Object.fromEntries(types.map((type) => [type, make(type)]));
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'PSAP chat desk, events',
      version: '1',
      description:
        'Server-sent events: the name of a message is the type of the event, its payload the JSON of the data field. Identifiers grow, also from one process to the next; Last-Event-ID says what was read last.',
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    defaultContentType: 'application/json',
    channels: {
      events: {
        address: '/api/events',
        messages: each((type) => ({ $ref: `#/components/messages/${type}` })),
      },
    },
    operations: {
      tell: {
        action: 'send',
        channel: { $ref: '#/channels/events' },
        summary: 'What happens, as it happens',
      },
    },
    components: {
      messages: each((type) => {
        const { id = type, description } = named.get(eventSchemas[type]) ?? {};
        return {
          name: type,
          ...(description !== undefined && { summary: description }),
          payload: { $ref: `#/components/schemas/${id}` },
        };
      }),
      schemas: componentSchemas(),
    },
  };
}
