import pg from 'pg'
import { maskUrl } from '../target.ts'
import type { Cluster } from './contract.ts'
import { ClusterError, type ClusterErrorCode, codeOf, textOf } from './error.ts'

const CONNECT_TIMEOUT_MS = 10_000
const VERSION_MIN = 150_000

/** Checks that the server can be used. Nothing stays open, so releasing it closes nothing. */
export async function joinGiven(url: string): Promise<Cluster> {
  const version = await inspect(url)
  requireVersion(version.number, version.text, url)
  return {
    connection: { connectionString: url },
    describe: `PostgreSQL ${version.text} at ${maskUrl(url)}`,
    embedded: false,
    recovered: null,
    release: async () => undefined,
  }
}

/** Refuses what is older than the oldest server that the product is tested with. `number` as in server_version_num. */
export function requireVersion(number: number, text: string, url: string): void {
  if (number >= VERSION_MIN) return
  throw new ClusterError(
    'server_too_old',
    `The server at ${maskUrl(url)} is PostgreSQL ${text}; Serai needs ${VERSION_MIN / 10_000} or newer. Upgrade it, ` +
      'give another server in DATABASE_URL, or unset it to use the PostgreSQL that Serai brings along.',
  )
}

async function inspect(url: string): Promise<{ number: number; text: string }> {
  const settings = {
    connectionString: url,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    application_name: 'serai',
  }
  try {
    const client = new pg.Client(settings)
    client.on('error', () => undefined) // the query below reports it
    await client.connect()
    const { rows } = await client.query<{ number: number; text: string }>(
      "select current_setting('server_version_num')::int as number, current_setting('server_version') as text",
    )
    await client.end()
    return rows[0]!
  } catch (error) {
    throw refused(url, error)
  }
}

type Refusal = { codes: string[]; code: ClusterErrorCode; remedy: string }

const REFUSALS: readonly Refusal[] = [
  {
    codes: ['ECONNREFUSED', 'ENOENT', 'EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT', 'ECONNRESET', '57P03'],
    code: 'server_unreachable',
    remedy:
      'Check that it runs and takes connections at this address and port, and that no firewall stands between.',
  },
  { codes: ['ENOTFOUND', 'EAI_AGAIN'], code: 'server_unreachable', remedy: 'No such host: check its name.' },
  {
    codes: ['28P01', '28000'],
    code: 'login_refused',
    remedy:
      'Check the user and the password, and that pg_hba.conf of the server lets this user in from here.',
  },
  {
    codes: ['3D000'],
    code: 'database_missing',
    remedy: 'Create the database first (createdb), or name another one.',
  },
  {
    codes: ['53300'],
    code: 'server_full',
    remedy: 'Close other connections, or raise max_connections there.',
  },
]

const OTHER: Refusal = {
  codes: [],
  code: 'server_failed',
  remedy: 'Check the address and the settings in it.',
}

/** The client knows its own time-out by text only. */
function refused(url: string, error: unknown): ClusterError {
  const code = /timeout expired/.test(textOf(error)) ? 'ETIMEDOUT' : codeOf(error)
  const refusal = REFUSALS.find(({ codes }) => codes.includes(code)) ?? OTHER
  const message = `Cannot use the database at ${maskUrl(url)}: ${textOf(error)}. ${refusal.remedy}`
  return new ClusterError(refusal.code, message, { cause: error })
}
