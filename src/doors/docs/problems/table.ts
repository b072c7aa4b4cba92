/** What the page says of a code: the statuses and the title of its answers, what it means, and what to do. */
export type ProblemEntry = { statuses: readonly number[]; title: string; meaning: string; remedy: string }
export type ProblemTable = { readonly [code: string]: ProblemEntry }

/** An entry, as the tables write it. */
export function problem(
  status: number | readonly number[],
  title: string,
  meaning: string,
  remedy: string,
): ProblemEntry {
  return { statuses: [status].flat(), title, meaning, remedy }
}

/** 400: the request itself is wrong. */
export const bad = (meaning: string, remedy: string) => problem(400, 'Bad request', meaning, remedy)

/** 409: it does not fit the state that things are in. */
export const conflict = (meaning: string, remedy: string) => problem(409, 'Conflict', meaning, remedy)

/** 415 or 422: a file is none of the kinds that are read, or is wrong inside. */
export const file = (meaning: string, remedy: string, status = 422) =>
  problem(status, 'The file cannot be read', meaning, remedy)
