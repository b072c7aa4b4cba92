import type { Command } from 'commander'
import { parseQuery } from '../../engine/query.ts'
import { read, readOne } from '../../engine/read.ts'
import type { UndoOutcome } from '../../engine/types.ts'
import { redo, undo } from '../../engine/undo.ts'
import type { Row } from '../../kernel/field.ts'
import { Problem } from '../../kernel/problem.ts'
import type { Counts } from '../../kernel/proposal.ts'
import { type Context, type Opened, print, progressBar, table, withServices } from './context.ts'
import { usage } from './house.ts'
import { finding, writeRejects } from './ingest.ts'
import type { Register } from './register.ts'

const SHOWN = 100

/** `serai imports` and `serai undo`: what came in, and the way back. */
export function importCommands(register: Register): void {
  register(
    'imports',
    'Lists imports, shows one with its findings, applies a plan, or writes the refused rows to a file.',
    'serai imports apply 01a1fc79-9933-7001-97df-8756f2f2114d',
    (command) =>
      command
        .argument('[id]', 'an import, or the word apply')
        .argument('[target]', 'apply: the import')
        .option('--rejects <file>', 'write the refused rows there'),
    imports,
  )
  register(
    'undo',
    'Takes an import or a change back: what nobody changed since gets its old value, the rest is listed. Itself undoable.',
    'serai undo 01a1fc79-9933-7001-97df-8756f2f2114d --dry-run',
    undoShape,
    undoAny,
  )
  register(
    'redo',
    'Takes the undo of an import or a change back.',
    'serai redo 01a1fc79-9933-7001-97df-8756f2f2114d',
    undoShape,
    redoChange,
  )
}

async function redoChange(context: Context, options: Record<string, unknown>, id: string): Promise<number> {
  return withServices(context, async (opened) => {
    const request = requestOf(opened, options)
    const outcome = (await isImport(opened, id))
      ? await opened.services.imports.redo(id, request)
      : await redo(opened.services.engine, { ...request, change: id })
    print(context, outcome, undoText(outcome))
    return 0
  })
}

function undoShape(command: Command): Command {
  return command
    .argument('<id>', 'an import or a change')
    .option('--dry-run', 'show what would be put back')
    .option('--reason <text>', 'why; kept in the history')
}

async function imports(
  context: Context,
  options: Record<string, unknown>,
  id?: string,
  target?: string,
): Promise<number> {
  return withServices(context, async (opened) => {
    if (id === 'apply') return apply(context, opened, target)
    if (!id) return list(context, opened)
    if (options.rejects) {
      const path = await writeRejects(opened.services, opened.actor, id, '-', String(options.rejects))
      print(context, { rejects_file: path }, `Wrote the refused rows, with their reasons, to ${path}`)
      return 0
    }
    return show(context, opened, id)
  })
}

async function list(context: Context, { services: { engine }, actor }: Opened): Promise<number> {
  const { items } = await read(
    engine,
    actor,
    'import',
    parseQuery(engine, 'import', { sort: '-created_at', limit: String(SHOWN) }),
  )
  const rows = items.map((item) => {
    const counts = item.counts as Partial<Counts>
    return [
      item.id,
      item.state,
      item.file_name,
      item.created_at,
      counts.created ?? 0,
      counts.updated ?? 0,
      counts.unchanged ?? 0,
      counts.rejected ?? 0,
    ].map(String)
  })
  print(
    context,
    items,
    rows.length
      ? table(['Import', 'State', 'File', 'Came', 'Created', 'Updated', 'Unchanged', 'Rejected'], rows)
      : 'INFO: nothing was imported yet.',
  )
  return 0
}

async function show(context: Context, { services, actor }: Opened, id: string): Promise<number> {
  const record = await readOne(services.engine, actor, 'import', id)
  const { items } = await services.imports.rows(id, { actor, verdict: 'rejected', limit: SHOWN })
  const lines = [
    `Import ${record.id} of ${record.file_name}: ${record.state}`,
    ...Object.entries(record.counts as Counts).map(([name, count]) => `  ${name.padEnd(12)}${count}`),
    ...(record.failure ? [`  failed: ${record.failure}`] : []),
    ...(record.backup ? [`  backup before: ${record.backup}`] : []),
    ...items.flatMap((row) => row.errors.map((fault) => `  ${finding(String(record.resource), row, fault)}`)),
  ]
  print(context, { ...record, rejected: items }, lines.join('\n'))
  return 0
}

async function apply(context: Context, { services, actor }: Opened, id: string | undefined): Promise<number> {
  if (!id) throw usage('imports apply needs the id of an import')
  const bar = progressBar(context)
  const record = await services.imports.apply(id, { actor, progress: bar.progress }).finally(bar.end)
  const counts = record.counts as Counts
  print(
    context,
    { ...counts, import: record.id, state: record.state, change: record.change, backup: record.backup },
    `Applied import ${record.id}: created ${counts.created}, updated ${counts.updated}, unchanged ${counts.unchanged}, held ${counts.held}, rejected ${counts.rejected}\n  to take it back: serai undo ${record.id}`,
  )
  return 0
}

async function undoAny(context: Context, options: Record<string, unknown>, id: string): Promise<number> {
  return withServices(context, async (opened) => {
    const request = requestOf(opened, options)
    const outcome = (await isImport(opened, id))
      ? await opened.services.imports.undo(id, request)
      : await undo(opened.services.engine, { ...request, change: id })
    print(context, outcome, undoText(outcome))
    return 0
  })
}

function requestOf({ actor }: Opened, { dryRun, reason }: Record<string, unknown>) {
  return { actor, dryRun: Boolean(dryRun), ...(reason ? { reason: String(reason) } : {}) }
}

async function isImport({ services: { engine }, actor }: Opened, id: string): Promise<boolean> {
  return readOne(engine, actor, 'import', id).then(
    (_record: Row) => true,
    (error: unknown) => {
      if (error instanceof Problem && error.status === 404) return false
      throw error
    },
  )
}

function undoText({ restored, kept, change, dryRun }: UndoOutcome): string {
  const done = dryRun
    ? `Would put back ${restored} records.`
    : `Put back ${restored} records.${change ? ` To take that back: serai undo ${change}` : ''}`
  const left = kept
    .slice(0, SHOWN)
    .map((each) => `  kept ${each.resource} ${each.key}${each.field ? ` ${each.field}` : ''}: ${each.reason}`)
  return [done, ...left, ...(kept.length > SHOWN ? [`  … and ${kept.length - SHOWN} more`] : [])].join('\n')
}
