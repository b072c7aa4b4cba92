import { uuidv7 } from './uuid.ts'

/**
 * A trace of the caller (W3C Trace Context, Level 2) as we continue it. `header` is the `traceparent` of our own span.
 * Traces are continued, never started: without a caller who collects them nobody would read them, and the request id
 * already joins what belongs together.
 */
export type Trace = { id: string; header: string; sampled: boolean }

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/
const ZEROS = /^0+$/
/** The flags that Level 2 knows: sampled, and that the trace id is random. Others must be sent as zero. */
const SAMPLED = 1
const RANDOM = 2
const SPAN_DIGITS = 16

/** The continued trace of a valid `traceparent`; undefined when there is none, or it breaks the standard in any way. */
export function continueTrace(traceparent: unknown): Trace | undefined {
  const match = typeof traceparent === 'string' ? TRACEPARENT.exec(traceparent) : null
  if (!match) return undefined
  const [, version, id, parent, flags, more] = match
  // Only a version after 00 may say more; of those we read what 00 says.
  const broken =
    version === 'ff' || (version === '00' && more !== undefined) || ZEROS.test(id) || ZEROS.test(parent)
  if (broken) return undefined
  const known = Number.parseInt(flags, 16) & (SAMPLED | RANDOM)
  return { id, header: `00-${id}-${span()}-0${known}`, sampled: (known & SAMPLED) !== 0 }
}

/** 16 digits that are not all zero: they begin with the variant of the UUID. */
function span(): string {
  return uuidv7().replaceAll('-', '').slice(-SPAN_DIGITS)
}
