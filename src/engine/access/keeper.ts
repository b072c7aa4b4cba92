import { systemActor } from '../../kernel/actor.ts'
import { shippedGrants } from '../../kernel/grants/shipped.ts'
import type { GrantSource } from '../../kernel/grants/source.ts'
import { perform } from '../perform.ts'
import { queryOf } from '../rules.ts'
import type { Engine } from '../types.ts'
import type { OpenBook } from './book.ts'
import { ruleText } from './text.ts'
import { understandGrant } from './understand.ts'

/** A change elsewhere is noticed within this, whether its message came or not. */
const LOOK_MS = 500
/** Messages come with every write of the house; they are followed no more often than this. */
const HURRY_MS = 100

/** Keeps the book of this process at what the table of grants says. */
export type Keeper = {
  /** Gives the shipped roles what the declarations say, and reads everything. */
  open(): Promise<void>
  /** Reads everything again when the stamp has moved. */
  look(): Promise<void>
  /** Looks by itself from now on: when told by `onWake`, and every half second. */
  watch(onWake: (listener: () => void) => () => void): void
  close(): Promise<void>
}

export function createKeeper(engine: Engine, book: OpenBook, source: GrantSource): Keeper {
  const query = queryOf(engine.pool)
  let looking: Promise<void> | undefined
  let ending: () => void = () => undefined

  async function read(): Promise<void> {
    const stamp = await source.stamp(query)
    if (stamp === book.stamp) return
    // What changes after the stamp was read moves it again, so at the latest the next look sees it.
    const kept = await source.load(query)
    book.replace(
      kept.flatMap((each) => understandGrant(engine.resources, each) ?? []),
      stamp,
    )
  }

  async function look(): Promise<void> {
    // One that is under way may have read before the change that this call is for.
    await looking?.catch(() => undefined)
    looking ??= read().finally(() => {
      looking = undefined
    })
    await looking
  }

  function watch(onWake: (listener: () => void) => () => void): void {
    let last = 0
    let soon: NodeJS.Timeout | undefined
    // While the database is away nothing can be read or written either; the last that was known goes on.
    const hurry = () => {
      last = Date.now()
      soon = undefined
      void look().catch(() => undefined)
    }
    const leave = onWake(() => {
      soon ??= setTimeout(hurry, Math.max(0, last + HURRY_MS - Date.now()))
    })
    const timer = setInterval(hurry, LOOK_MS).unref()
    ending = () => {
      leave()
      clearInterval(timer)
      clearTimeout(soon)
    }
  }

  return {
    async open() {
      await shipDeclared(engine, source)
      await look()
    },
    look,
    watch,
    async close() {
      ending()
      await looking?.catch(() => undefined)
    },
  }
}

/** What the declarations ship, in the words in which it is kept. */
async function shipDeclared(engine: Engine, source: GrantSource): Promise<void> {
  const grants = shippedGrants(engine.resources.values()).map(({ role, permission, rule, delegable }) => ({
    key: `${permission}@${role}`,
    role,
    permission,
    rule: rule && ruleText(engine.resources.get(permission.split(':')[0])!, rule),
    delegable,
  }))
  await perform(engine, {
    actor: systemActor('access'),
    resource: source.resource,
    action: source.ship,
    input: { grants },
    reason: 'what the declarations ship',
  })
}
