import type { Operation } from '../http/route.ts'
import { query } from './parameters.ts'

/** What the documentation says of live streams. OpenAPI knows no sockets; their messages are in docs/live.md. */
export const live: Operation = {
  id: 'followLive',
  summary:
    'What happens to the records of a resource, as it happens: server-sent events, or a WebSocket at the same path.',
  tag: 'live',
  parameters: [
    {
      ...query('resource', 'The resource to follow. A WebSocket names it in its messages.'),
      required: true,
    },
    query('filter', 'Only records that match, as for lists; leaving them is told too.'),
    query('fields', 'Only these fields of the records, comma-separated.'),
    query('snapshot', 'The matching records first, at most 10,000.', { type: 'boolean', default: false }),
    query('after', 'The id of the last message that was seen: goes on behind it, without a snapshot.'),
    {
      name: 'Last-Event-ID',
      in: 'header',
      description: 'The same as `after`; browsers send it when they connect again.',
      schema: { type: 'string' },
    },
  ],
  answers: {
    101: { description: 'The WebSocket is open.' },
    200: {
      description: 'Events `snapshot`, `ready`, `event`, and `problem` as the last one when it fails.',
      types: ['text/event-stream'],
      schema: { type: 'string' },
    },
  },
  problems: [404, 410],
}
