/**
 * Who does something: a person's session, a program's token or key, the command line's user, or Serai itself. Whichever
 * credential was shown, this is all that the two paths know of it.
 */
export type Actor = {
  /** stable name written to the log: `user:<id>`, `client:<id>`, `token:<id>`, `cli:<user>`, `system:<task>`. */
  id: string
  /** for people: messages name them so. */
  name: string
  /** names of the roles held at this moment. */
  roles: readonly string[]
  /** id of the user, when a person acts. */
  user?: string
  /** id of the API client, when a program acts. */
  client?: string
  /** id of the client key that was shown. */
  key?: string
  /** id of the session, when the credential was one. */
  session?: string
  /** permissions (`order:read`) to which the credential narrows; all that the roles give when absent. */
  scopes?: readonly string[]
  /** whence the call came, as the door saw it; none for the command line and Serai itself. */
  address?: string
  /** when a second factor was last proved in this session (the password, by a person who has no factor), in milliseconds. */
  factorAt?: number
}

/** Serai's own work, named by its task; it holds the role `system` and nothing else. */
export function systemActor(task: string): Actor {
  return { id: `system:${task}`, name: `Serai (${task})`, roles: ['system'] }
}
