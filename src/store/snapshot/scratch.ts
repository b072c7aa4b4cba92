import { randomInt } from 'node:crypto'
import type pg from 'pg'
import { onDatabase, withSession } from './session.ts'
import { identifier } from './shape.ts'

/** First half of the advisory locks that say "the run of this scratch database lives"; the token is the second. */
const LOCK_CLASS = 0x5e7a1
const TOKEN_MAX = 0x7fffffff

/**
 * Gives `work` an empty database of its own beside the live one, with the same encoding and locale, and drops it after.
 * Those of runs that were killed are dropped first: each run holds a lock in the live database that its death releases.
 */
export async function withScratch<Result>(
  live: pg.ClientConfig,
  work: (scratch: pg.ClientConfig) => Promise<Result>,
): Promise<Result> {
  return withSession(live, async (keeper) => {
    const prefix = await scratchPrefix(keeper)
    await dropStale(keeper, prefix)
    const token = randomInt(1, TOKEN_MAX)
    await keeper.query('select pg_advisory_lock($1, $2)', [LOCK_CLASS, token])
    const name = `${prefix}${token.toString(16)}`
    try {
      await createLike(keeper, name)
      return await work(onDatabase(live, name))
    } finally {
      // One that cannot be dropped now (the server is going down) is stale for the next run.
      await drop(keeper, name).catch(() => undefined)
    }
  })
}

/** Two installations may share a server: each cleans up after itself only. */
async function scratchPrefix(keeper: pg.ClientBase): Promise<string> {
  const { rows } = await keeper.query('select oid from pg_database where datname = current_database()')
  return `serai_scratch_${rows[0].oid}_`
}

async function dropStale(keeper: pg.ClientBase, prefix: string): Promise<void> {
  const { rows } = await keeper.query('select datname from pg_database where starts_with(datname, $1)', [
    prefix,
  ])
  for (const { datname } of rows) {
    const lock = [LOCK_CLASS, Number.parseInt(datname.slice(prefix.length), 16)]
    const taken = await keeper.query('select pg_try_advisory_lock($1, $2) as taken', lock)
    if (!taken.rows[0].taken) continue
    await drop(keeper, datname)
    await keeper.query('select pg_advisory_unlock($1, $2)', lock)
  }
}

async function drop(keeper: pg.ClientBase, name: string): Promise<void> {
  await keeper.query(`drop database if exists ${identifier(name)} with (force)`)
}

/** From template0: template1 may hold whatever somebody put there. */
async function createLike(keeper: pg.ClientBase, name: string): Promise<void> {
  const { rows } = await keeper.query(
    `select pg_encoding_to_char(encoding) as encoding, datlocprovider as provider, datcollate, datctype,
       coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale') as locale
     from pg_database d where datname = current_database()`,
  )
  const { encoding, provider, datcollate, datctype, locale } = rows[0]
  const literal = (value: string) => keeper.escapeLiteral(value)
  const providers: Record<string, string> = {
    i: `locale_provider icu icu_locale ${literal(locale ?? '')}`,
    b: `locale_provider builtin builtin_locale ${literal(locale ?? '')}`,
  }
  await keeper.query(
    `create database ${identifier(name)} template template0 encoding ${literal(encoding)} ` +
      `lc_collate ${literal(datcollate)} lc_ctype ${literal(datctype)} ${providers[provider] ?? ''}`,
  )
}
