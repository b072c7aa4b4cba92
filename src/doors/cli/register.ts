import type { Command } from 'commander'
import type { Context } from './context.ts'

/** What a command does; it returns its exit code, 0 when it says nothing. */
export type Handler = (
  context: Context,
  options: Record<string, unknown>,
  ...positional: string[]
) => Promise<number | undefined>

/** Adds a command: its name, one sentence, a worked example, its options, and what it does. */
export type Register = (
  name: string,
  description: string,
  example: string,
  shape: (command: Command) => Command,
  handler: Handler,
) => void
