import type { Row } from '../../kernel/field.ts'
import type { Resource } from '../../kernel/resource.ts'
import { labelKey } from '../perform.ts'
import { effectOf, isReadable, type View } from './effect.ts'
import { type Happening, rowsAround } from './past.ts'
import { encodeId, type Sight } from './place.ts'
import type { FeedEvent, FeedMessage, FeedRequest } from './types.ts'

/** Who is told: what it asked for, how it looks at the resource, and what it sees of a record. */
export type Subscriber = {
  request: FeedRequest
  resource: Resource
  view: View
  see(row: Row, only?: readonly string[]): Row
}

/**
 * How the subscriber is told of a happening; undefined when it is not concerned. The message is made when it is taken, so
 * that what waits for many subscribers is held once.
 */
export function messageOf(
  { view, resource, request, see }: Subscriber,
  happening: Happening,
  seen: Sight | null,
): (() => FeedMessage) | undefined {
  const { place, event } = happening
  if (seen?.sees(place.transaction)) return undefined
  const { before, after } = rowsAround(happening, seen)
  const effect = effectOf(view, before, after)
  if (!effect) return undefined
  return () => {
    const item = effect === 'removed' ? null : see(after!, request.fields)
    // Who may not read the record any more is not told its new key.
    const key = after && isReadable(view, after) ? event.key : labelKey(resource, before!)
    return {
      kind: 'event',
      id: encodeId({ place, seen }),
      event: { ...factOf(happening), key, effect, item },
    }
  }
}

function factOf({ event }: Happening): Omit<FeedEvent, 'key' | 'effect' | 'item'> {
  const { time, change, actor, action, resource, record, version } = event
  return { time, change, actor, action, resource, record, version }
}
