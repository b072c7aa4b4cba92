/** Who does something: a person's or program's token, the command line's user, or Serai itself (`system:backup`). */
export type Actor = {
  /** stable name written to the log: `user:<id>`, `client:<id>`, `token:<id>`, `cli:<user>`, `system:<task>`. */
  id: string
  name: string
  roles: readonly string[]
  /** record of the person, of the program, of its key, of the session. */
  user?: string
  client?: string
  key?: string
  session?: string
  /** permissions to which the credential narrows what its holder may do. */
  scopes?: readonly string[]
  /** address of the caller, and when a second factor was proved last (milliseconds since 1970). */
  address?: string
  factorAt?: number
}

/** Serai's own work, named by its task; it holds the role `system` and nothing else. */
export function systemActor(task: string): Actor {
  return { id: `system:${task}`, name: `Serai (${task})`, roles: ['system'] }
}
