import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import pg from 'pg'
import { databaseTarget, maskUrl, SettingsError } from './target.ts'

const HOME = '/srv/shop/.serai'
const URL_GIVEN = 'postgresql://anna:s3cret@db.example:5433/shop'

test('nothing set means the embedded database under home', () => {
  assert.deepEqual(databaseTarget({}, HOME), { kind: 'embedded', home: HOME })
  assert.deepEqual(databaseTarget({ PGSSLMODE: 'require', PATH: '/bin' }, HOME), {
    kind: 'embedded',
    home: HOME,
  })
})

const accepted: [string, Record<string, string>, string][] = [
  ['a URL', { DATABASE_URL: URL_GIVEN }, URL_GIVEN],
  ['a URL with white space around', { DATABASE_URL: ` ${URL_GIVEN}\n` }, URL_GIVEN],
  ['the short scheme', { DATABASE_URL: 'postgres://db/shop' }, 'postgres://db/shop'],
  [
    'a socket folder as parameter',
    { DATABASE_URL: 'postgresql:///shop?host=/run/pg' },
    'postgresql:///shop?host=/run/pg',
  ],
  [
    'a user without a host',
    { DATABASE_URL: 'postgresql://anna@/shop?host=/run/pg' },
    'postgresql://anna@/shop?host=/run/pg',
  ],
  [
    'a URL and variables that agree',
    { DATABASE_URL: URL_GIVEN, PGHOST: 'db.example', PGPORT: '5433', PGPASSWORD: 's3cret' },
    URL_GIVEN,
  ],
  [
    'a variable for what the URL leaves out',
    { DATABASE_URL: 'postgres://db/shop', PGPASSWORD: 'x', PGUSER: 'anna' },
    'postgres://db/shop',
  ],
  [
    'the three variables',
    { PGHOST: 'db', PGUSER: 'anna', PGDATABASE: 'shop' },
    'postgresql://anna@db:5432/shop',
  ],
  [
    'all variables, with signs that a URL reserves',
    {
      PGHOST: '/run/pg',
      PGPORT: '6000',
      PGUSER: 'a@b',
      PGPASSWORD: 'p/w:%',
      PGDATABASE: 'shop 1',
      PGSSLMODE: 'no-verify',
    },
    'postgresql://a%40b:p%2Fw%3A%25@%2Frun%2Fpg:6000/shop%201?sslmode=no-verify',
  ],
  [
    'an IPv6 host',
    { PGHOST: '::1', PGUSER: 'anna', PGDATABASE: 'shop' },
    'postgresql://anna@[::1]:5432/shop',
  ],
]
for (const [name, env, url] of accepted) {
  test(`accepted: ${name}`, () => assert.deepEqual(databaseTarget(env, HOME), { kind: 'given', url }))
}

const refused: [string, Record<string, string>, SettingsError['code'], RegExp][] = [
  ['an empty URL', { DATABASE_URL: '' }, 'database_url_invalid', /set but empty.*unset DATABASE_URL/],
  ['a blank URL', { DATABASE_URL: '  ' }, 'database_url_invalid', /set but empty/],
  ['no URL', { DATABASE_URL: 'db.example' }, 'database_url_invalid', /not a URL: db\.example/],
  [
    'another scheme',
    { DATABASE_URL: 'mysql://u:pw@db/shop' },
    'database_url_invalid',
    /begin with postgresql:\/\/: mysql:\/\/u:\*\*\*@db/,
  ],
  ['no host', { DATABASE_URL: 'postgresql:///shop' }, 'database_url_invalid', /names no host/],
  ['no database', { DATABASE_URL: 'postgresql://db' }, 'database_url_invalid', /names no database/],
  [
    'no database after the slash',
    { DATABASE_URL: 'postgresql://u:pw@db/' },
    'database_url_invalid',
    /names no database: .*u:\*\*\*@/,
  ],
  ['a port too high', { DATABASE_URL: 'postgresql://db:99999/shop' }, 'database_url_invalid', /not a URL/],
  [
    'a port parameter that is none',
    { DATABASE_URL: 'postgresql://db/shop?port=zero' },
    'database_url_invalid',
    /no valid port/,
  ],
  ['a broken escape', { DATABASE_URL: 'postgresql://u:50%@db/shop' }, 'database_url_invalid', /write %25/],
  [
    'an escape that is not UTF-8',
    { DATABASE_URL: 'postgresql://u:%ff@db/shop' },
    'database_url_invalid',
    /write %25|UTF-8/,
  ],
  [
    'another host',
    { DATABASE_URL: URL_GIVEN, PGHOST: 'other' },
    'database_contradiction',
    /PGHOST name different.*Unset PGHOST/,
  ],
  [
    'two contradictions',
    { DATABASE_URL: URL_GIVEN, PGPORT: '1', PGDATABASE: 'x' },
    'database_contradiction',
    /PGPORT, PGDATABASE/,
  ],
  [
    'an empty variable beside the URL',
    { DATABASE_URL: URL_GIVEN, PGUSER: '' },
    'database_contradiction',
    /PGUSER/,
  ],
  [
    'only a host',
    { PGHOST: 'db' },
    'pg_variables_incomplete',
    /set: PGHOST; missing: PGUSER, PGDATABASE.*DATABASE_URL.*unset them all/,
  ],
  [
    'only a password',
    { PGPASSWORD: 'x' },
    'pg_variables_incomplete',
    /set: PGPASSWORD; missing: PGHOST, PGUSER, PGDATABASE/,
  ],
  ['only a port', { PGPORT: '5432' }, 'pg_variables_incomplete', /set: PGPORT/],
  ['no user', { PGHOST: 'db', PGDATABASE: 'shop' }, 'pg_variables_incomplete', /missing: PGUSER\./],
  [
    'an empty host',
    { PGHOST: '', PGUSER: 'u', PGDATABASE: 'shop' },
    'pg_variables_incomplete',
    /set but empty: PGHOST/,
  ],
  [
    'everything empty',
    { PGHOST: '', PGUSER: '', PGDATABASE: '' },
    'pg_variables_incomplete',
    /set but empty: PGHOST, PGUSER, PGDATABASE/,
  ],
  [
    'a name that a URL cannot carry',
    { PGHOST: 'db', PGUSER: 'u', PGDATABASE: '..' },
    'database_url_invalid',
    /"\.\.".*rename/,
  ],
  ['another one', { PGHOST: 'db', PGUSER: 'u', PGDATABASE: 'a#b' }, 'database_url_invalid', /"a#b".*rename/],
  [
    'a port that is none',
    { PGHOST: 'db', PGUSER: 'u', PGDATABASE: 'd', PGPORT: '0' },
    'database_url_invalid',
    /PGPORT is "0"/,
  ],
]
for (const [name, env, code, message] of refused) {
  test(`refused: ${name}`, () =>
    assert.throws(
      () => databaseTarget(env, HOME),
      (error: SettingsError) => {
        assert.ok(error instanceof SettingsError)
        assert.equal(error.code, code)
        assert.match(error.message, message)
        return true
      },
    ))
}

test('the driver reads from the URL exactly what the variables said', () => {
  const word = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
    .filter((text) => text.isWellFormed() && !text.includes('\0'))
  const name = word.filter((text) => !/[?#]|^\.\.?$|\.\.?\/|\/\.\.?/.test(text))
  fc.assert(
    fc.property(word, word, name, fc.integer({ min: 1, max: 65_535 }), (user, password, database, port) => {
      const env = {
        PGHOST: 'db.example',
        PGPORT: String(port),
        PGUSER: user,
        PGPASSWORD: password,
        PGDATABASE: database,
      }
      const target = databaseTarget(env, HOME)
      assert.equal(target.kind, 'given')
      const client = new pg.Client({ connectionString: target.kind === 'given' ? target.url : '' })
      assert.deepEqual(
        [client.host, client.port, client.user, client.password, client.database],
        ['db.example', port, user, password, database],
      )
    }),
  )
})

const masked: [string, string][] = [
  [URL_GIVEN, 'postgresql://anna:***@db.example:5433/shop'],
  ['postgresql://anna@db/shop', 'postgresql://anna@db/shop'],
  ['postgresql://anna:p@ss/w:rd@db/shop', 'postgresql://anna:***@db/shop'],
  [
    'postgresql:///shop?host=/run&password=x&sslmode=y',
    'postgresql:///shop?host=/run&password=***&sslmode=y',
  ],
  ['postgresql://db:5432/shop', 'postgresql://db:5432/shop'],
  ['anna:pw@db', 'anna:***@db'],
  ['host=db user=anna password=pw dbname=shop', 'host=db user=anna password=*** dbname=shop'],
  ['', ''],
]
for (const [url, shown] of masked) test(`masked: ${shown}`, () => assert.equal(maskUrl(url), shown))

test('no message ever holds the password', () => {
  const password = fc.string({ minLength: 3, maxLength: 20 }).map((text) => `§${text}§`)
  fc.assert(
    fc.property(password, (secret) => !maskUrl(`postgresql://anna:${secret}@db/shop`).includes(secret)),
  )
  fc.assert(fc.property(password, (secret) => !maskUrl(`anna:${secret}@db`).includes(secret)))
})
