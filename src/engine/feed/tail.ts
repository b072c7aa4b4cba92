import { setTimeout as pause } from 'node:timers/promises'
import type { Resource } from '../../kernel/resource.ts'
import { type LoggedEvent, nextEvents } from '../../store/log.ts'
import type { Engine } from '../types.ts'
import { type Happening, happeningsOf } from './past.ts'
import { cursorOf, isBefore, type Place, placeOf } from './place.ts'

/** Who is shown every happening of a resource behind its place, as it happens; `end` is the last that it hears. */
export type Reader = {
  resource: Resource
  from: Place
  show(happening: Happening): void
  end(error: Error): void
}

/** The one reader of the log of this process, for as long as somebody listens. */
export type Tail = {
  /** false when the tail is already past the reader's place: read on to there and try again. */
  join(reader: Reader): boolean
  leave(reader: Reader): void
  stop(): Promise<void>
}

/** Events that are read at once; fewer when many readers judge each, so that one round stays below about 0.1 s. */
const EVENTS_MAX = 500
const EVENTS_MIN = 20
const JUDGEMENTS_MAX = 100_000
/** Between two rounds, so that what a busy process writes is read together; a full round is followed by the next at once. */
const PACE_MS = 20
/** What was committed may be hidden by an older transaction for a moment, so after a call it looks often at first. */
const IDLE_FIRST_MS = 20
const IDLE_MAX_MS = 500
/** Failures in a row after which its readers are told: about ten seconds. */
const FAILURES_MAX = 20

/** Follows the log while it has readers. `onWake` calls it when there may be something; without that it looks by itself. */
export function createTail({ pool, resources }: Engine, onWake: (listener: () => void) => () => void): Tail {
  /** by the name of their resource. */
  const readers = new Map<string, Set<Reader>>()
  const bell = createBell()
  const forget = onWake(bell.ring)
  let place: Place = { transaction: 0n, position: 0 }
  let running: Promise<void> | undefined
  let stopped = false

  async function run(): Promise<void> {
    let failures = 0
    while (readers.size > 0 && !stopped)
      try {
        const found = await round()
        failures = 0
        if (found !== 'full') await Promise.all([pause(PACE_MS), found === 'some' || bell.wait()])
      } catch (error) {
        if (++failures >= FAILURES_MAX) return endAll(error as Error)
        await bell.wait(IDLE_MAX_MS)
      }
  }

  /** Reads what is next and shows it; says how much there was. */
  async function round(): Promise<'none' | 'some' | 'full'> {
    const most = batchSize(readers)
    const events = await nextEvents(pool, cursorOf(place), most)
    const loaded = await load(events)
    // From here on nothing waits: whoever joins does so between two rounds.
    for (const event of events) {
      place = placeOf(event)
      const happening = loaded.get(event.position)
      const own = readers.get(event.resource)
      if (own && happening) for (const reader of [...own]) show(reader, happening)
    }
    if (events.length) bell.hurry()
    return events.length === 0 ? 'none' : events.length < most ? 'some' : 'full'
  }

  /** The records around the events that have readers, those too that joined while others were loaded. */
  async function load(events: LoggedEvent[]): Promise<Map<number, Happening>> {
    const loaded = new Map<number, Happening>()
    const done = new Set<string>()
    for (;;) {
      const name = readers.keys().find((each) => !done.has(each))
      if (name === undefined) return loaded
      done.add(name)
      const own = events.filter((event) => event.resource === name)
      const happenings = await happeningsOf(pool, resources.get(name)!, own)
      for (const each of happenings) loaded.set(each.event.position, each)
    }
  }

  function endAll(error: Error): void {
    for (const reader of [...readers.values()].flatMap((each) => [...each])) reader.end(error)
    readers.clear()
  }

  function start(): void {
    running = run().finally(() => {
      running = undefined
      // Somebody may have joined while it was on its way out.
      if (readers.size > 0 && !stopped) start()
    })
  }

  return {
    join(reader) {
      if (running && isBefore(reader.from, place)) return false
      const own = readers.get(reader.resource.name) ?? new Set()
      readers.set(reader.resource.name, own.add(reader))
      if (!running) {
        place = reader.from
        start()
      }
      return true
    },
    leave(reader) {
      const { name } = reader.resource
      const own = readers.get(name)
      own?.delete(reader)
      if (own?.size === 0) readers.delete(name)
      if (readers.size === 0) bell.ring()
    },
    async stop() {
      stopped = true
      forget()
      bell.ring()
      await running
    },
  }
}

function show(reader: Reader, happening: Happening): void {
  if (isBefore(reader.from, happening.place)) reader.show(happening)
}

function batchSize(readers: ReadonlyMap<string, ReadonlySet<Reader>>): number {
  const count = readers.values().reduce((sum, each) => sum + each.size, 1)
  return Math.min(EVENTS_MAX, Math.max(EVENTS_MIN, Math.floor(JUDGEMENTS_MAX / count)))
}

/** Waits until it is rung, or for a time that doubles from call to call. A ring while nobody waits counts for the next wait. */
function createBell() {
  let rung = false
  let delay = IDLE_MAX_MS
  let wake: (() => void) | undefined
  const hurry = () => {
    delay = IDLE_FIRST_MS
  }
  return {
    hurry,
    ring() {
      rung = true
      hurry()
      wake?.()
    },
    async wait(milliseconds?: number) {
      if (!rung) {
        let timer: NodeJS.Timeout | undefined
        await new Promise<void>((resolve) => {
          wake = resolve
          timer = setTimeout(resolve, milliseconds ?? delay)
        })
        clearTimeout(timer)
        if (!rung) delay = Math.min(IDLE_MAX_MS, delay * 2)
      }
      rung = false
    },
  }
}
