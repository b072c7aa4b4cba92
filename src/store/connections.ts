import pg from 'pg'

type Connection = pg.ClientBase & { processID?: number }

const open = new Set<Connection>()
let leaving = false

/**
 * Remembers a connection that was just made until it ends, so that it can be ended at the server when this process must
 * go. Once the process is leaving, what is still under way does not come back: its connection ends here.
 */
export function trackConnection(client: pg.ClientBase): void {
  open.add(client)
  client.once('end', () => open.delete(client))
  if (leaving) void (client as pg.Client).end()
}

/**
 * Ends every connection of this process at the server without waiting for what is under way: open transactions are
 * rolled back at once, no connection follows, and whoever leaves can see that nobody is left.
 */
export async function abandonConnections(connection: pg.ClientConfig): Promise<void> {
  leaving = true
  const backends = [...open].flatMap(({ processID }) => processID ?? [])
  const last = new pg.Client(connection)
  await last.connect()
  await last.query('select pg_terminate_backend(pid) from unnest($1::int[]) pid', [backends])
  await last.end()
}
