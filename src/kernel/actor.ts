/** Who does something: a person's or program's token, the command line's user, or Serai itself (`system:backup`). */
export type Actor = {
  /** stable name written to the log: `token:<id>`, `cli:<user>`, `system:<task>`. */
  id: string
  name: string
  roles: readonly string[]
}

/** Serai's own work, named by its task; it holds the role `system` and nothing else. */
export function systemActor(task: string): Actor {
  return { id: `system:${task}`, name: `Serai (${task})`, roles: ['system'] }
}
