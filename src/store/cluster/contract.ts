import type pg from 'pg'

/** A database server that this process may use until it releases it. */
export type Cluster = {
  /** For pools and clients. */
  connection: pg.ClientConfig
  /** For people: what serves, which version, where; no password. */
  describe: string
  embedded: boolean
  /** A sentence when joining found the embedded server uncleanly stopped and recovered it. */
  recovered: string | null
  /**
   * Says that this process is done; close the pools first. The last one out stops the embedded server. Calling it
   * again does nothing more. Throws ClusterError `lock_timeout` or `stop_timeout`.
   */
  release(): Promise<void>
}

/** `settings` are PostgreSQL's own, for an embedded server that this call starts, such as `{ fsync: 'off' }` in tests. */
export type JoinOptions = { onProgress?(message: string): void; settings?: Record<string, string> }
