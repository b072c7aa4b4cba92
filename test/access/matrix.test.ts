import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import { perform } from '../../src/engine/perform.ts'
import { parseQuery } from '../../src/engine/query.ts'
import { read } from '../../src/engine/read.ts'
import type { Engine } from '../../src/engine/types.ts'
import { type Actor, systemActor } from '../../src/kernel/actor.ts'
import { Problem } from '../../src/kernel/problem.ts'
import type { Resource } from '../../src/kernel/resource.ts'
import { isEverybody, isNobody } from '../../src/kernel/rule.ts'
import { uuidv7 } from '../../src/kernel/uuid.ts'
import { testEngine } from '../support/database.ts'

/** Reviewed by people; written anew by `SERAI_WRITE_MATRIX=1 npm test -- test/access/matrix.test.ts`. */
const FILE = new URL('matrix.txt', import.meta.url)
const ROLES = ['owner', 'admin', 'manager', 'staff', 'cashier', 'viewer', 'customer', 'operator'] as const
const COLUMNS = [...ROLES, 'client', 'system'] as const

const actors: { [column: string]: Actor } = {
  ...Object.fromEntries(
    ROLES.map((role): [string, Actor] => {
      const user = uuidv7()
      return [role, { id: `user:${user}`, user, name: role, roles: [role] }]
    }),
  ),
  client: { id: `client:${uuidv7()}`, client: uuidv7(), name: 'client', roles: [] },
  system: systemActor('matrix'),
}

const shippedOnly = (resource: Resource) => resource.name !== 'toy'

function verdict({ access }: Engine, actor: Actor, resource: Resource, verb: string): 'yes' | 'some' | '-' {
  const { rule } = access.of(actor, resource.name, verb)
  if (isNobody(rule)) return '-'
  return isEverybody(rule) ? 'yes' : 'some'
}

test('every verb of every resource, for every kind of actor, is as it was reviewed', async (t) => {
  const { engine, keeper } = await testEngine(t)
  await keeper.open()
  const header = ['resource:verb'.padEnd(28), ...COLUMNS.map((each) => each.padEnd(9))].join('').trimEnd()
  const lines = [...engine.resources.values()].filter(shippedOnly).flatMap((resource) =>
    Object.keys(resource.access)
      .sort()
      .map((verb) =>
        [
          `${resource.name}:${verb}`.padEnd(28),
          ...COLUMNS.map((column) => verdict(engine, actors[column], resource, verb).padEnd(9)),
        ]
          .join('')
          .trimEnd(),
      ),
  )
  const found = `${[header, ...lines.sort()].join('\n')}\n`
  if (process.env.SERAI_WRITE_MATRIX) await writeFile(FILE, found)
  assert.equal(found, await readFile(FILE, 'utf8'), 'look at the difference, then write the file anew')
})

test('the two paths do what the matrix says: no is a 403, yes is none', async (t) => {
  const { engine, keeper } = await testEngine(t)
  await keeper.open()
  let asked = 0
  for (const resource of engine.resources.values())
    for (const column of COLUMNS)
      for (const verb of ['read', ...Object.keys(resource.actions)]) {
        const said = verdict(engine, actors[column], resource, verb)
        const forbidden = await isForbidden(engine, actors[column], resource, verb)
        const where = `${column} ${resource.name}:${verb}`
        if (said === '-') assert.ok(forbidden, `${where} is a no, and was done`)
        if (said === 'yes') assert.ok(!forbidden, `${where} is a yes, and was forbidden`)
        asked++
      }
  assert.ok(asked > 500, `${asked} were asked`)
})

/** Tries it, with nothing in hand: whatever else is wrong with that, whether one may is said first. */
async function isForbidden(engine: Engine, actor: Actor, resource: Resource, verb: string): Promise<boolean> {
  try {
    if (verb === 'read') await read(engine, actor, resource.name, parseQuery(engine, resource.name, {}))
    else
      await perform(engine, {
        actor,
        resource: resource.name,
        action: verb,
        targets: resource.actions[verb].on === 'records' ? [uuidv7()] : [],
        dryRun: true,
      })
    return false
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    // What only people and clients can ask for themselves is refused in other words.
    return error.status === 403 && / may not /.test(error.message)
  }
}
