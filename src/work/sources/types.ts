import type { Logger } from 'pino'
import type { Engine } from '../../engine/types.ts'
import type { Actor } from '../../kernel/actor.ts'
import type { Counts } from '../../kernel/proposal.ts'
import type { Fetch } from '../../ports/fetch.ts'
import type { SourceRecord } from '../../store/sources.ts'
import type { createImports } from '../imports.ts'

/** What running sources needs of the house. */
export type SourceContext = {
  engine: Engine
  imports: Pick<ReturnType<typeof createImports>, 'ingest' | 'rejects'>
  fetch: Fetch
  /** folders in which folder sources may lie. */
  folders: readonly string[]
  /** where downloads lie until they are taken in. */
  downloads: string
  log: Logger
  /** how long a file must lie still before it counts as whole, milliseconds. */
  stillMs?: number
  /** 0..1; spreads the runs. */
  random?(): number
}

/** `force` reads again although nothing changed; `dryRun` plans only. */
export type RunRequest = { force: boolean; dryRun: boolean }

/** What became of one file. `unchanged`: nothing was written, because nothing was new. */
export type Outcome = 'applied' | 'unchanged' | 'planned' | 'refused' | 'failed'
export type FileReport = {
  file: string
  outcome: Outcome
  import: string | null
  counts: Counts | null
  error: string | null
}

/** What one run found and did; no files means that there was nothing to look at. */
export type RunReport = {
  source: string
  outcome: Outcome
  error: string | null
  files: FileReport[]
}

/** What the next run compares with. */
export type Remembered = { content: string | null; etag: string | null; lastModified: string | null }

/** What a kind of source brings: reports of its files, and what is to be remembered when all went well. */
export type Brought = { files: FileReport[]; remember?: Remembered }

/** Sources write with a manager's rights, under their own name. */
export function sourceActor({ name }: Pick<SourceRecord, 'name'>): Actor {
  return { id: `source:${name}`, name: `Source ${name}`, roles: ['manager'] }
}
