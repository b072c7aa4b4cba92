// npm run bench:access: what asking for a right costs in memory, at 1,000 roles with 100 grants each.
import { createBook } from '../src/engine/access/book.ts'
import type { Actor } from '../src/kernel/actor.ts'
import { f } from '../src/kernel/fields/index.ts'
import type { Grant } from '../src/kernel/grants/grant.ts'
import { resource } from '../src/kernel/resource.ts'
import { compare, matches, role } from '../src/kernel/rule.ts'

const ROLES = 1_000
const GRANTS = 100
const RESOURCES = 30
const VERBS = ['read', 'create', 'update', 'history', 'export', 'undo', 'ingest'] as const
const CHECKS = 2_000_000
/** Above this the decision is no longer what a read path may ask for every record. */
const CHECK_NS_MAX = 1_000

const resources = new Map(
  Array.from({ length: RESOURCES }, (_, index) => {
    const name = `thing${index}`
    const fields = { code: f.text(), weight: f.number() }
    return [
      name,
      resource(name, { fields, key: ['code'], access: { read: role('owner'), write: role('owner') } }),
    ] as const
  }),
)
const book = createBook(resources)
const loaded = performance.now()
book.replace(Array.from({ length: ROLES }, (_, each) => grantsOf(`role${each}`)).flat(), 'bench')
line(`load ${ROLES * GRANTS} grants`, `${(performance.now() - loaded).toFixed(0)} ms`)

const actors: Actor[] = Array.from({ length: ROLES }, (_, each) => ({
  id: `user:${each}`,
  name: `user ${each}`,
  roles: [`role${each}`, `role${(each * 7) % ROLES}`],
}))
const first = performance.now()
for (const actor of actors) book.of(actor, 'thing1', 'read')
line('first question of an actor (compiles)', `${perCheck(first, actors.length)} ns`)

const worst = Math.max(
  measure('the same actor again', () => actors[1]),
  measure('any of 1,000 actors', (count) => actors[count % ROLES]),
)
measure('an actor that was just made', (count) => ({ ...actors[count % ROLES] }), CHECKS / 10)
const row = { id: 'x', code: 'a', weight: 3 }
measure(
  'and held against a record',
  (count) => actors[count % ROLES],
  CHECKS,
  (access, actor) => matches(access.rule, row, actor),
)
if (worst > CHECK_NS_MAX) {
  console.error(`a check takes ${worst} ns, more than ${CHECK_NS_MAX}`)
  process.exitCode = 1
}

function measure(
  what: string,
  actorOf: (count: number) => Actor,
  checks = CHECKS,
  use: (access: ReturnType<typeof book.of>, actor: Actor) => unknown = () => undefined,
): number {
  const names = [...resources.keys()]
  const started = performance.now()
  for (let count = 0; count < checks; count++) {
    const actor = actorOf(count)
    use(book.of(actor, names[count % RESOURCES], VERBS[count % VERBS.length]), actor)
  }
  const each = perCheck(started, checks)
  line(what, `${each} ns`)
  return each
}

function perCheck(started: number, count: number): number {
  return Math.round(((performance.now() - started) * 1e6) / count)
}

function grantsOf(name: string): Grant[] {
  return Array.from({ length: GRANTS }, (_, each) => ({
    id: `${name}-${each}`,
    holder: { kind: 'role', id: name },
    effect: each % 20 === 19 ? 'deny' : 'allow',
    permission: `thing${each % RESOURCES}:${each % 10 === 9 ? '*' : VERBS[each % VERBS.length]}`,
    rule: each % 3 === 0 ? compare('weight', '<', each) : null,
    fields: null,
    from: Number.NEGATIVE_INFINITY,
    until: each % 5 === 0 ? Date.now() + 3_600_000 : Number.POSITIVE_INFINITY,
    delegable: false,
    by: 'bench',
    reason: 'bench',
  }))
}

function line(what: string, value: string): void {
  console.log(`${what.padEnd(44)}${value.padStart(14)}`)
}
