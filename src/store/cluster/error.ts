/** What went wrong with the database server; stable, for programs. */
export type ClusterErrorCode =
  | 'platform_unsupported'
  | 'binaries_missing'
  | 'binaries_broken'
  | 'account_unusable'
  | 'home_unusable'
  | 'data_missing'
  | 'data_foreign'
  | 'data_version'
  | 'data_unreachable'
  | 'password_missing'
  | 'lock_timeout'
  | 'create_failed'
  | 'start_failed'
  | 'stop_timeout'
  | 'socket_missing'
  | 'server_unreachable'
  | 'login_refused'
  | 'database_missing'
  | 'server_full'
  | 'server_too_old'
  | 'server_failed'

/** The database cannot be used. The message says what happened, where, and what to do next; it holds no password. */
export class ClusterError extends Error {
  readonly code: ClusterErrorCode
  constructor(code: ClusterErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'ClusterError'
    this.code = code
  }
}

/** The `code` of a system or PostgreSQL error, such as `ENOENT` or `3D000`. */
export function codeOf(error: unknown): string {
  return (error as { code?: string } | null)?.code ?? ''
}

/** What an error says; the system's refusals to connect to two addresses come as one error without a text. */
export function textOf(error: unknown): string {
  const { message, code } = error as { message?: string; code?: string }
  return message || code || String(error)
}
