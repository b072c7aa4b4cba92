import { join } from 'node:path'
import type pg from 'pg'
import { planBatch } from '../../engine/batch.ts'
import { explain } from '../../engine/constraints.ts'
import { resourceOf } from '../../engine/lookup.ts'
import type { Engine, ImportOptions } from '../../engine/types.ts'
import { entries } from '../../intake/entries.ts'
import { fingerprint, suggestMapping } from '../../intake/mapping.ts'
import { closeFile, openFile } from '../../intake/open.ts'
import { type FileHead, IntakeError, type Mapping, type OpenedFile } from '../../intake/types.ts'
import type { Actor } from '../../kernel/actor.ts'
import { fileColumns } from '../../kernel/document.ts'
import type { Fault } from '../../kernel/fault.ts'
import type { Row } from '../../kernel/field.ts'
import { conflict, invalid, Problem } from '../../kernel/problem.ts'
import type { Resource } from '../../kernel/resource.ts'
import * as table from '../../store/imports.ts'
import { transaction } from '../../store/pool.ts'
import { claimantOf } from '../../store/sources.ts'
import { rulesMoved } from '../../store/staging.ts'
import { type ImportContext, type Progress, show } from './context.ts'

const WARNINGS_MAX = 100
const PLANNABLE = ['uploaded', 'parsed', 'planned']

/** Reads the file and judges every row; the plan is kept. A plan that stands is not made again. */
export async function planImport(
  context: ImportContext,
  id: string,
  { actor, progress }: { actor: Actor; progress?: Progress },
): Promise<Row> {
  const { engine } = context
  const record = await table.getImport(engine.pool, id)
  if (record.state === 'planned' && (await planStands(engine, record))) return show(context, actor, id)
  if (!PLANNABLE.includes(record.state))
    throw conflict('import.state', `Import ${id} is ${record.state}; only a new one can be planned.`)
  try {
    await planFile(context, record, actor, progress)
  } catch (error) {
    const explained = await explain(engine.pool, error).catch(() => error)
    await table.markFailed(engine.pool, id, (explained as Error).message)
    throw explained instanceof IntakeError ? intakeProblem(explained) : explained
  }
  return show(context, actor, id)
}

/** A plan is made again when its rows were lost, or when people changed the rules that it was judged by. */
async function planStands(engine: Engine, record: table.ImportRecord): Promise<boolean> {
  const resource = resourceOf(engine, record.resource)
  return (
    (await table.planIsWhole(engine.pool, record)) && !(await rulesMoved(engine.pool, resource, record.id))
  )
}

async function planFile(
  context: ImportContext,
  record: table.ImportRecord,
  actor: Actor,
  progress: Progress | undefined,
): Promise<void> {
  const { options } = record
  const resource = resourceOf(context.engine, record.resource)
  const file = await openFile(join(context.folder, record.file_key), record.file_name, readOptions(options))
  try {
    await planOpened(context.engine, record, resource, file, actor, progress)
  } finally {
    await closeFile(file)
  }
}

async function planOpened(
  engine: Engine,
  record: table.ImportRecord,
  resource: Resource,
  file: OpenedFile,
  actor: Actor,
  progress: Progress | undefined,
): Promise<void> {
  const { id, options } = record
  const mapping = await mappingFor(engine, resource, file.head, options)
  await table.markParsed(engine.pool, id, file.head, mapping)
  await transaction(engine.pool, async (client) => {
    // Two who bring the same file at the same moment share one import; the second finds the plan of the first.
    const state = await table.lockImport(client, id)
    if (!PLANNABLE.includes(state) || (state === 'planned' && record.state !== 'planned')) return
    const proposals = entries(file, fileColumns(resource), mapping)
    // A spreadsheet rarely has every column, so what it leaves out stays; a JSON document is the whole record.
    const mode = options.mode ?? (file.head.header ? 'merge' : 'replace')
    const planned = await planBatch(engine, client, {
      actor,
      resource,
      importId: id,
      proposals,
      options: { ...options, mode },
      ...(options.source ? { claimant: await claimantOf(client, options.source) } : {}),
      progress: (rows) => progress?.(rows, 0, 'judging'),
    })
    await table.markPlanned(client, id, { ...planned, warnings: await collectWarnings(client, id, file) })
  })
}

function readOptions({ format, encoding, delimiter, decimal, sheet }: ImportOptions) {
  return {
    ...(format ? { format: format as 'json' } : {}),
    ...(encoding ? { encoding } : {}),
    ...(delimiter ? { delimiter } : {}),
    ...(decimal ? { decimal } : {}),
    ...(sheet ? { sheet } : {}),
  }
}

/** For column files: the named template, what was said, what this header was mapped to before, or the best guess. */
async function mappingFor(
  engine: Engine,
  resource: Resource,
  head: FileHead,
  options: ImportOptions,
): Promise<Mapping | undefined> {
  if (!head.header) return undefined
  const columns = fileColumns(resource)
  const remembered = options.template
    ? (await table.templateByName(engine.pool, options.template))?.mapping
    : await table.mappingByHeader(engine.pool, resource.name, fingerprint(head.header), head.header)
  const mapping = suggestMapping(head.header, columns, {
    ...remembered,
    columns: { ...remembered?.columns, ...options.columns },
  }).mapping
  const taken = new Set(Object.values(mapping.columns))
  const missing = columns.filter(
    (column) => column.key && !taken.has(column.name) && mapping.constants?.[column.name] === undefined,
  )
  if (missing.length)
    throw invalid(
      [],
      `The file has no column for ${missing.map((column) => column.name).join(', ')}, which identifies a ${resource.name}. It has: ${head.header.join(', ')}. Say which one it is with --map "Header=${missing[0].name}".`,
    )
  return mapping
}

function intakeProblem(error: IntakeError): Problem {
  const status = error.code === 'file.size' ? 413 : error.code.startsWith('file.') ? 415 : 422
  return new Problem(status, error.code, 'The file cannot be read', error.message)
}

/** What a person should know of the file and of its rows, at most 100, the file's own first. */
async function collectWarnings(client: pg.ClientBase, id: string, file: OpenedFile): Promise<Fault[]> {
  const rows = await table.rowWarnings(client, id, WARNINGS_MAX)
  return [...file.head.warnings, ...rows].slice(0, WARNINGS_MAX)
}
