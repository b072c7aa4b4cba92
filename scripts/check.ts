// npm run check: everything that can be said of the code without running its tests.
import { spawnSync } from 'node:child_process'
import pg from 'pg'
import { catalog } from '../src/areas/catalog/area.ts'
import { platform } from '../src/areas/platform/area.ts'
import { findDrift } from '../src/store/drift.ts'
import { migrateDown, migrateUp } from '../src/store/migrate.ts'
import { startServer } from './server.ts'

const STEPS: [string, string, string[]][] = [
  ['types', 'tsc', []],
  ['lint and format', 'biome', ['check', '--error-on-warnings']],
  [
    'arrows between rooms',
    'depcruise',
    ['--config', '.dependency-cruiser.cjs', 'src', 'bin', 'client', 'test', 'scripts', 'bench'],
  ],
  ['unused code', 'knip', []],
  ['generated files', process.execPath, ['samples/catalog/build.ts', '--check']],
  ['generated types', process.execPath, ['scripts/types.ts', '--check']],
]

const failed = [
  ...STEPS.flatMap(([name, command, args]) => (step(name, command, args) ? [] : [name])),
  ...((await drift()) ? [] : ['drift']),
]
if (failed.length) {
  console.error(`\ncheck failed: ${failed.join(', ')}`)
  process.exit(1)
}
console.log('\ncheck passed')

function step(name: string, command: string, args: string[]): boolean {
  const started = performance.now()
  const { status } = spawnSync(command, args, { stdio: 'inherit' })
  console.log(`${status === 0 ? '✔' : '✖'} ${name} (${Math.round(performance.now() - started)} ms)`)
  return status === 0
}

/** The migrated database is what the declarations say, and up → down → up gives the same again. */
async function drift(): Promise<boolean> {
  const server = await startServer('drift')
  const connection = { ...server.connection, database: 'drift' }
  try {
    const first = await schemaOf(connection)
    const ran = await migrateDown(connection, 1_000)
    await migrateUp(connection)
    const again = await schemaOf(connection)
    const client = new pg.Client(connection)
    await client.connect()
    const found = await findDrift(client, [...catalog.resources, ...platform.resources])
    await client.end()
    if (first !== again)
      found.push(`up → down → up of ${ran.length} migrations does not give the same schema`)
    for (const line of found) console.error(`  ${line}`)
    console.log(`${found.length === 0 ? '✔' : '✖'} drift`)
    return found.length === 0
  } finally {
    await server.stop()
  }
}

async function schemaOf(connection: pg.ClientConfig): Promise<string> {
  const client = new pg.Client(connection)
  await client.connect()
  const { rows } =
    await client.query(`select 'column' as kind, table_name || '.' || column_name as name, data_type || ' ' || is_nullable || ' ' || coalesce(column_default, '') || coalesce(generation_expression, '') as shape from information_schema.columns where table_schema = 'public'
union all select 'index', indexname, indexdef from pg_indexes where schemaname = 'public'
union all select 'constraint', conname, pg_get_constraintdef(oid) from pg_constraint where connamespace = 'public'::regnamespace
union all select 'function', p.oid::regprocedure::text, md5(prosrc) from pg_proc p where pronamespace = 'public'::regnamespace and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')
order by 1, 2, 3`)
  await client.end()
  return JSON.stringify(rows)
}
