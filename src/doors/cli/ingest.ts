import { createReadStream, createWriteStream } from 'node:fs'
import { access, constants } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import { Readable } from 'node:stream'
import type { Command } from 'commander'
import { perform } from '../../engine/perform.ts'
import type { ImportOptions, PlannedRow } from '../../engine/types.ts'
import { fingerprint } from '../../intake/mapping.ts'
import type { FileHead } from '../../intake/types.ts'
import type { Fault } from '../../kernel/fault.ts'
import type { Row } from '../../kernel/field.ts'
import { Problem } from '../../kernel/problem.ts'
import { type Counts, MODES, type Mode } from '../../kernel/proposal.ts'
import { same } from '../../kernel/record.ts'
import type { Services } from '../services.ts'
import { type Context, type Opened, print, progressBar, withServices } from './context.ts'
import { usage, wholeNumber } from './house.ts'
import type { Register } from './register.ts'
import { writeWhole } from './whole.ts'

const FINDINGS_SHOWN = 100
const CHANGES_SHOWN = 20
const LINE_CHARACTERS = 70

/** `serai ingest`: a file into records, with its plan first when asked. */
export function ingestCommand(register: Register): void {
  register(
    'ingest',
    'Takes a JSON, JSONL, CSV, TSV or XLSX file in: checks every row, backs up, writes. The same file twice changes nothing.',
    'serai ingest --file samples/catalog/price-list.csv --dry-run',
    shape,
    ingest,
  )
}

function shape(command: Command): Command {
  return command
    .argument('[path]', 'the file; - is standard input')
    .option('--file <path>', 'the file; - is standard input')
    .option('--resource <name>', 'what the records are')
    .option('--format <format>', 'json, jsonl, csv or xlsx, when the file does not tell')
    .option(
      '--mode <mode>',
      'replace (JSON), merge (spreadsheets), snapshot (archives what the file does not name) or create',
    )
    .option('--dry-run', 'show the plan; write nothing')
    .option('--on-error <what>', 'abort (default), skip, or stop-after=N', 'abort')
    .option('--strict', 'unknown columns and members are errors')
    .option('--template <name>', 'a saved mapping of columns')
    .option('--save-template <name>', 'keep the mapping of this file under a name')
    .option('--map <pair...>', 'a column by hand: "Header=field", or "Header=" to leave it out')
    .option('--max-removal-share <f>', 'snapshot: the largest share of records it may archive, 0..1 (0.1)')
    .option('--wait <seconds>', 'how long to wait for another import', '30')
    .option('--encoding <name>', 'of a text file, such as windows-1256')
    .option('--delimiter <char>', 'of a CSV file')
    .option('--decimal <sign>', 'of a CSV file: . or ,')
    .option('--sheet <name>', 'of a spreadsheet')
    .option('--rejects <path>', 'where the refused rows go (beside the file)')
    .option('--reason <text>', 'why; kept in the history')
}

async function ingest(
  context: Context,
  options: Record<string, unknown>,
  positional?: string,
): Promise<number> {
  const path = (options.file ?? positional) as string | undefined
  if (!path) throw usage('ingest needs a file: serai ingest --file PATH')
  const resource = (options.resource as string | undefined) ?? context.host.defaultResource
  const imports = importOptions(options)
  await requireFile(path)
  return withServices(context, async (opened) => {
    const name = path === '-' ? 'stdin' : basename(path)
    if (!context.json) context.io.stdout.write(`Ingesting ${name}…\n`)
    const bar = progressBar(context)
    const { import: record, again } = await opened.services.imports
      .ingest({
        actor: opened.actor,
        resource,
        fileName: name,
        body: path === '-' ? context.io.stdin : createReadStream(path),
        options: imports,
        dryRun: Boolean(options.dryRun),
        progress: bar.progress,
        waitSeconds: wholeNumber('--wait', String(options.wait)),
        ...(options.reason ? { reason: String(options.reason) } : {}),
      })
      .finally(bar.end)
    if (options.saveTemplate) await saveTemplate(opened, resource, String(options.saveTemplate), record)
    return report(context, opened, { record, again, name, path, resource, options })
  })
}

type Reported = {
  record: Row
  again: boolean
  name: string
  path: string
  resource: string
  options: Record<string, unknown>
}

async function report(
  context: Context,
  { services, actor }: Opened,
  { record, again, name, path, resource, options }: Reported,
): Promise<number> {
  const counts = record.counts as Counts
  const id = record.id as string
  const { items: rejected } = await services.imports.rows(id, {
    actor,
    verdict: 'rejected',
    limit: FINDINGS_SHOWN,
  })
  for (const row of rejected)
    for (const fault of row.errors) context.io.stderr.write(`Error: ${finding(resource, row, fault)}\n`)
  if (counts.rejected > rejected.length)
    context.io.stderr.write(
      `… and ${counts.rejected - rejected.length} more rows: serai imports ${id} --rejects FILE\n`,
    )
  const rejectsFile =
    counts.rejected > 0 && record.state === 'applied'
      ? await writeRejects(services, actor, id, path, options.rejects as string | undefined)
      : null
  for (const warning of (record.warnings as (Fault & { label?: string; place?: string })[]).slice(
    0,
    CHANGES_SHOWN,
  ))
    context.io.stderr.write(
      `Warning: ${warning.label ? `${resource} ${warning.label} (${warning.place}): ` : ''}${warning.path} ${warning.detail}\n`,
    )
  const document = {
    ...counts,
    import: id,
    state: record.state,
    again,
    dry_run: Boolean(options.dryRun),
    change: record.change,
    backup: record.backup,
    rejects_file: rejectsFile,
    errors: rejected.flatMap((row) =>
      row.errors.map((fault) => ({ ...fault, key: row.key, ...row.address })),
    ),
  }
  const plan = options.dryRun && !context.json ? await planText(services, actor, id) : ''
  print(
    context,
    document,
    `${plan}${summary({ record, again, name, counts, resource, dryRun: Boolean(options.dryRun), rejectsFile })}`,
  )
  return counts.rejected > 0 || counts.read === 0 ? 1 : 0
}

function summary({
  record,
  again,
  name,
  counts,
  resource,
  dryRun,
  rejectsFile,
}: {
  record: Row
  again: boolean
  name: string
  counts: Counts
  resource: string
  dryRun: boolean
  rejectsFile: string | null
}): string {
  const lines = [headline({ record, again, name, counts, resource, dryRun })]
  lines.push(
    `  created ${counts.created}, updated ${counts.updated}${counts.revived ? ` (${counts.revived} revived)` : ''}, unchanged ${counts.unchanged}, superseded ${counts.superseded}, held ${counts.held}, rejected ${counts.rejected}${counts.removed ? `, removed ${counts.removed}` : ''}${counts.kept ? `, left alone ${counts.kept}` : ''}`,
  )
  lines.push(`  import ${record.id}`)
  if (rejectsFile) lines.push(`  refused rows, with their reasons: ${rejectsFile}`)
  if (counts.held > 0)
    lines.push('  held rows changed after the plan was made; ingest the file again to judge them anew')
  if (record.state === 'planned' && counts.rejected === 0)
    lines.push(`  to apply exactly this plan: serai imports apply ${record.id}`)
  if (record.state === 'planned' && counts.rejected > 0)
    lines.push('  nothing was written; mend the rows, or take the good ones with --on-error skip')
  if (record.change) lines.push(`  to take it back: serai undo ${record.id}`)
  return lines.join('\n')
}

function headline({
  record,
  again,
  name,
  counts,
  resource,
  dryRun,
}: {
  record: Row
  again: boolean
  name: string
  counts: Counts
  resource: string
  dryRun: boolean
}): string {
  if (counts.read === 0) return `WARNING: ${name} holds no ${resource}s; nothing was written.`
  if (dryRun) return `Plan for ${counts.read} ${resource}s from ${name} (nothing was written):`
  if (record.state !== 'applied')
    return `Refused: ${counts.rejected} of ${counts.read} ${resource}s from ${name} are wrong.`
  if (again && !record.change)
    return `${name} was ingested before and nothing changed since: ${counts.read} ${resource}s, nothing to do.`
  return `Ingested ${counts.read} ${resource}s from ${name}:`
}

/** The first changes of a plan, field by field. */
async function planText(services: Services, actor: Opened['actor'], id: string): Promise<string> {
  const { items } = await services.imports.rows(id, { actor, limit: 500 })
  const lines = items
    .filter((row) => row.verdict === 'new' || row.verdict === 'changed')
    .slice(0, CHANGES_SHOWN)
    .flatMap(changeLines)
  return lines.length ? `${lines.join('\n')}\n` : ''
}

/** One planned row as `+ key`, or as `~ key` with each difference. */
export function changeLines(row: PlannedRow): string[] {
  if (row.before === null) return [`+ ${row.key}`]
  const { before } = row
  return [
    `~ ${row.key}`,
    ...Object.entries(row.after ?? {}).flatMap(([name, after]) =>
      differences(name, before[name] ?? null, after),
    ),
  ]
}

/** What differs, as deep as it differs: `pricing[0].price.amount: 18900 → 19900`. */
function differences(path: string, before: unknown, after: unknown): string[] {
  if (same(before, after)) return []
  if (!isBranch(before) || !isBranch(after)) return [`    ${path}: ${short(before)} → ${short(after)}`]
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  return names.flatMap((name) =>
    differences(
      Array.isArray(after) ? `${path}[${name}]` : `${path}.${name}`,
      (before as Row)[name],
      (after as Row)[name],
    ),
  )
}

function isBranch(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function short(value: unknown): string {
  const text = JSON.stringify(value ?? null)
  return text.length > LINE_CHARACTERS ? `${text.slice(0, LINE_CHARACTERS)}…` : text
}

/** `product Dubai_AinDubai (line 41): pricing[1].price_aed must be >= 0, got -5` */
export function finding(resource: string, row: PlannedRow, fault: Fault): string {
  const place =
    'line' in row.address ? `line ${row.address.line}` : `${row.address.sheet} row ${row.address.row}`
  return `${resource} ${row.key ?? `index_${row.position}`} (${place}): ${fault.path}${fault.path ? ' ' : ''}${fault.detail}`
}

/** Writes the refused rows beside the file they came from, or where it was said. */
export async function writeRejects(
  services: Services,
  actor: Opened['actor'],
  id: string,
  source: string,
  target: string | undefined,
): Promise<string> {
  const { fileName, body } = await services.imports.rejects(id, { actor })
  const folder = source === '-' ? '.' : dirname(source)
  const path = target ?? join(folder, extname(fileName) ? fileName : `${fileName}.txt`)
  await writeWhole(path, (partial) => createWriteStream(partial, { flush: true }), Readable.from(body))
  return path
}

async function saveTemplate(
  { services: { engine }, actor }: Opened,
  resource: string,
  name: string,
  record: Row,
): Promise<void> {
  const header = (record.head as FileHead).header
  if (!header) throw usage('--save-template is for files with columns; this one has none')
  await perform(engine, {
    actor,
    resource: 'import_template',
    action: 'create',
    input: { name, resource, fingerprint: fingerprint(header), mapping: record.mapping },
  })
}

async function requireFile(path: string): Promise<void> {
  if (path === '-') return
  try {
    await access(path, constants.R_OK)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new Problem(
      404,
      'file.missing',
      'No such file',
      code === 'EACCES'
        ? `The file ${path} may not be read by this user.`
        : `There is no file ${path}. Nothing was changed.`,
    )
  }
}

function importOptions(options: Record<string, unknown>): ImportOptions {
  const text = (name: string) => options[name] as string | undefined
  const mode = text('mode')
  if (mode && !(MODES as readonly string[]).includes(mode))
    throw usage(`--mode is "${mode}"; it is one of ${MODES.join(', ')}`)
  const onError = text('onError') ?? 'abort'
  if (!/^(abort|skip|stop-after=\d+)$/.test(onError))
    throw usage(`--on-error is "${onError}"; it is abort, skip or stop-after=N`)
  const share = text('maxRemovalShare')
  const given = {
    mode: mode as Mode | undefined,
    format: text('format') === 'tsv' ? 'csv' : text('format'),
    encoding: text('encoding'),
    delimiter: text('delimiter') === '\\t' ? '\t' : text('delimiter'),
    decimal: text('decimal') as '.' | ',' | undefined,
    sheet: text('sheet'),
    template: text('template'),
    columns: options.map ? Object.fromEntries((options.map as string[]).map(mapPair)) : undefined,
    strict: options.strict ? true : undefined,
    onError: onError === 'abort' ? undefined : (onError as 'skip'),
    maxRemovalShare: share === undefined ? undefined : fraction(share),
  }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
}

function mapPair(pair: string): [string, string | null] {
  const at = pair.lastIndexOf('=')
  if (at < 1) throw usage(`--map is "${pair}"; it looks like "Header=field"`)
  return [pair.slice(0, at), pair.slice(at + 1) || null]
}

/** A share, as `--max-removal-share` takes it. */
export function fraction(text: string): number {
  const number = Number(text)
  if (!(number >= 0 && number <= 1))
    throw usage(`--max-removal-share is "${text}"; it is a number from 0 to 1`)
  return number
}
