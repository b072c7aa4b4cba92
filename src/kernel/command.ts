import type { Row } from './field.ts'

/** What a command of an area may use: the two paths as the person at the keyboard, the backups, and a question. */
export type CommandContext = {
  perform(action: {
    resource: string
    action: string
    targets?: string[]
    input?: Row
    reason?: string
    /** for what only reads: as it stood at this time. */
    asOf?: string
  }): Promise<{ change: string | null; records: Row[]; answer: Row | null }>
  /** takes a backup and proves it; throws when it does not verify. */
  backup(reason: string): Promise<{ name: string }>
  /** how many backups there are. */
  backups(): Promise<number>
  /** asks and returns what was typed; null when nobody can answer. */
  prompt(question: string): Promise<string | null>
  options: Record<string, unknown>
}

/** A command that an area brings to the command line: what it prints for people and for machines. */
export type AreaCommand = {
  name: string
  description: string
  example: string
  options: { flags: string; description: string }[]
  run(context: CommandContext): Promise<{ json: unknown; text: string; ok?: boolean }>
}
