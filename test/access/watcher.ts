// A process of its own that says what an actor may do, whenever that changes: one JSON line each.
import { catalog } from '../../src/areas/catalog/area.ts'
import { platform } from '../../src/areas/platform/area.ts'
import { createBook } from '../../src/engine/access/book.ts'
import { createKeeper } from '../../src/engine/access/keeper.ts'
import type { Engine } from '../../src/engine/types.ts'
import { openPool } from '../../src/store/pool.ts'

const [connectionString, client, listens] = process.argv.slice(2)
const pool = openPool({ connectionString }, { max: 2 })
const resources = new Map([...catalog.resources, ...platform.resources].map((each) => [each.name, each]))
const access = createBook(resources)
const engine: Engine = { pool, resources, access, wake() {} }
const keeper = createKeeper(engine, access, platform.grants!)
await keeper.look()
// Without messages: what it notices, it notices by looking.
keeper.watch(() => () => undefined)
const actor = { id: `client:${client}`, name: 'till', roles: [], client }
let said = ''
setInterval(() => {
  const now = JSON.stringify(access.of(actor, 'product', 'read').rule)
  if (now === said) return
  said = now
  process.stdout.write(
    `${JSON.stringify({ at: Date.now(), may: now !== '{"op":"any","rules":[]}', listens })}\n`,
  )
}, 5)
