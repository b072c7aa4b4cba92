/** Which database to use: the one that Serai runs itself under its home folder, or a server that somebody gave. */
export type Target = { kind: 'embedded'; home: string } | { kind: 'given'; url: string }

/** Why the settings name no database: `invalid` value, `incomplete` set of variables, or two that contradict. */
export type SettingsErrorCode =
  | 'setting_invalid'
  | 'database_url_invalid'
  | 'pg_variables_incomplete'
  | 'database_contradiction'

/** The settings do not name one database. The message says which setting, and what to do. */
export class SettingsError extends Error {
  readonly code: SettingsErrorCode
  constructor(code: SettingsErrorCode, message: string) {
    super(message)
    this.name = 'SettingsError'
    this.code = code
  }
}

type Environment = Record<string, string | undefined>

/** The variables of PostgreSQL's own programs that name a server, and the part of the URL that says the same. */
const VARIABLES = ['PGHOST', 'PGPORT', 'PGUSER', 'PGPASSWORD', 'PGDATABASE'] as const
const NEEDED = ['PGHOST', 'PGUSER', 'PGDATABASE'] as const
type Variable = (typeof VARIABLES)[number]
type Parts = Partial<Record<Variable, string>>

const PORT_DEFAULT = '5432'
const PORT_MAX = 65_535
const EXAMPLE = 'postgresql://user:password@host:5432/database'
const NO_HOST = 'no-host.invalid'

/**
 * The database that the environment names: DATABASE_URL, else PGHOST + PGUSER + PGDATABASE (PGPORT and PGPASSWORD
 * optional), else the embedded one under `home`. Anything half said is a {@link SettingsError}: falling back to an
 * empty embedded database would look like lost data.
 */
export function databaseTarget(env: Environment, home: string): Target {
  const named = setVariables(env)
  if (env.DATABASE_URL !== undefined) return { kind: 'given', url: fromUrl(env.DATABASE_URL, named) }
  if (Object.keys(named).length === 0) return { kind: 'embedded', home }
  return { kind: 'given', url: fromVariables(named, env.PGSSLMODE) }
}

/** The URL with its password masked, for messages and logs. Takes text that is not a URL, too. */
export function maskUrl(url: string): string {
  return maskUserinfo(url).replace(/((?:^|[?&\s])(?:password|sslpassword)=)[^&#\s]*/gi, '$1***')
}

/** Everything up to the last `@` before the path is the user; a raw `@` or `/` in a password belongs to it. */
function maskUserinfo(url: string): string {
  const scheme = /^\w+:\/\//.exec(url)?.[0].length ?? 0
  const end = url.lastIndexOf('@')
  const colon = url.indexOf(':', scheme)
  return colon < 0 || colon > end ? url : `${url.slice(0, colon)}:***${url.slice(end)}`
}

function setVariables(env: Environment): Parts {
  const named: Parts = {}
  for (const name of VARIABLES) if (env[name] !== undefined) named[name] = env[name]
  return named
}

function fromVariables(named: Parts, sslMode: string | undefined): string {
  requireComplete(named)
  const port = named.PGPORT ?? PORT_DEFAULT
  if (!isPort(port))
    throw new SettingsError(
      'database_url_invalid',
      `PGPORT is "${port}", which is not a port: give a number from 1 to ${PORT_MAX}.`,
    )
  const password = named.PGPASSWORD === undefined ? '' : `:${encodeURIComponent(named.PGPASSWORD)}`
  const host = named.PGHOST!.includes(':') ? `[${named.PGHOST}]` : encodeURIComponent(named.PGHOST!)
  const query = sslMode ? `?sslmode=${encodeURIComponent(sslMode)}` : ''
  return `postgresql://${encodeURIComponent(named.PGUSER!)}${password}@${host}:${port}/${encodePath(named.PGDATABASE!)}${query}`
}

/** The driver finds the database in the path of a URL, where some names mean something else. */
function encodePath(database: string): string {
  if (!/[?#]|(^|\/)\.\.?(\/|$)/.test(database)) return encodeURI(database)
  throw new SettingsError(
    'database_url_invalid',
    `PGDATABASE is "${database}", a name that no URL can carry: rename the database, without ?, # and lone dots.`,
  )
}

function requireComplete(named: Parts): void {
  const present = VARIABLES.filter((name) => named[name])
  const empty = VARIABLES.filter((name) => named[name] === '')
  const missing = NEEDED.filter((name) => named[name] === undefined)
  if (missing.length === 0 && empty.length === 0) return
  const facts = [list('set', present), list('set but empty', empty), list('missing', missing)]
    .filter(Boolean)
    .join('; ')
  const remedy = `Set ${NEEDED.join(', ')} (and PGPASSWORD, PGPORT where needed), use DATABASE_URL, or unset them all to use the PostgreSQL that Serai brings along.`
  throw new SettingsError(
    'pg_variables_incomplete',
    `The PostgreSQL variables name no server: ${facts}. ${remedy}`,
  )
}

function list(label: string, names: readonly string[]): string {
  return names.length ? `${label}: ${names.join(', ')}` : ''
}

function fromUrl(text: string, named: Parts): string {
  requireAgreement(partsOf(parseUrl(text)), named)
  return text.trim()
}

/** What the URL leaves out may stand in a variable, as everywhere in PostgreSQL; what both say must be the same. */
function requireAgreement(said: Parts, named: Parts): void {
  const clashes = VARIABLES.filter(
    (name) => said[name] && named[name] !== undefined && said[name] !== named[name],
  )
  if (clashes.length === 0) return
  const names = clashes.join(', ')
  throw new SettingsError(
    'database_contradiction',
    `DATABASE_URL and ${names} name different databases. Unset ${names} to use DATABASE_URL, or unset DATABASE_URL.`,
  )
}

function parseUrl(text: string): URL {
  if (text.trim() === '') throw invalid('DATABASE_URL is set but empty')
  const shown = maskUrl(text.trim())
  const url = readUrl(text.trim())
  if (!url) throw invalid(`DATABASE_URL is not a URL: ${shown}`)
  if (!/^postgres(ql)?:$/.test(url.protocol))
    throw invalid(`DATABASE_URL does not begin with postgresql://: ${shown}`)
  if (!isDecodable(text))
    throw invalid(`DATABASE_URL has a "%" that starts no UTF-8 escape (write %25): ${shown}`)
  const parts = partsOf(url)
  if (!parts.PGHOST) throw invalid(`DATABASE_URL names no host: ${shown}`)
  if (!parts.PGDATABASE) throw invalid(`DATABASE_URL names no database: ${shown}`)
  if (parts.PGPORT && !isPort(parts.PGPORT)) throw invalid(`DATABASE_URL has no valid port: ${shown}`)
  return url
}

/** `user@/database?host=/socket/folder` is usual with PostgreSQL, though a user without a host is no URL. */
function readUrl(text: string): URL | null {
  return URL.parse(text) ?? URL.parse(text.replace('@/', `@${NO_HOST}/`))
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}

function partsOf(url: URL): Parts {
  const host = url.hostname === NO_HOST ? '' : url.hostname
  return {
    PGHOST: url.searchParams.get('host') || decodeURIComponent(host).replace(/^\[(.+)\]$/, '$1'),
    PGPORT: url.searchParams.get('port') || url.port,
    PGUSER: url.searchParams.get('user') || decodeURIComponent(url.username),
    PGPASSWORD: url.searchParams.get('password') || decodeURIComponent(url.password),
    PGDATABASE: decodeURIComponent(url.pathname.slice(1)),
  }
}

function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= PORT_MAX
}

function invalid(what: string): SettingsError {
  const remedy = `Give ${EXAMPLE}, or unset DATABASE_URL to use the PostgreSQL that Serai brings along.`
  return new SettingsError('database_url_invalid', `${what}. ${remedy}`)
}
