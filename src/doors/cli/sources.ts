import { parseQuery } from '../../engine/query.ts'
import { read } from '../../engine/read.ts'
import type { SourceReport } from '../services.ts'
import { type Context, type Opened, print, table, withServices } from './context.ts'
import { usage } from './house.ts'
import type { Register } from './register.ts'

const SHOWN_MAX = 500
/** The resource as which the service shows its sources. */
const SOURCE = 'import_source'

/** `serai sources`: what there is, when it runs, and running or checking one now. */
export function sourceCommands(register: Register): void {
  register(
    'sources',
    'Lists the import sources, runs one now, or checks one: fetches and plans, and writes nothing.',
    'serai sources check supplier-prices',
    (command) =>
      command
        .argument('[what]', 'list, run or check', 'list')
        .argument('[name]', 'run, check: the source')
        .option('--force', 'run: read it again although nothing changed'),
    sources,
  )
}

async function sources(
  context: Context,
  options: Record<string, unknown>,
  what: string,
  name?: string,
): Promise<number> {
  if (what === 'list') return withServices(context, (opened) => list(context, opened))
  if (what !== 'run' && what !== 'check') throw usage(`sources takes list, run or check, not "${what}"`)
  if (!name) throw usage(`sources ${what} needs the name of a source`)
  return withServices(context, async ({ services }) => {
    const report =
      what === 'run'
        ? await services.sources.run(name, { force: Boolean(options.force) })
        : await services.sources.check(name)
    print(context, report, reportText(report))
    return report.error === null ? 0 : 1
  })
}

async function list(context: Context, { services: { engine }, actor }: Opened): Promise<number> {
  const query = parseQuery(engine, SOURCE, { sort: 'name', limit: String(SHOWN_MAX) })
  const { items } = await read(engine, actor, SOURCE, query)
  const rows = items.map((item) =>
    [
      item.name,
      item.kind,
      item.enabled ? (item.next_run_at ?? 'by hand') : 'disabled',
      item.last_run_at ?? 'never',
      item.last_outcome ?? '',
      item.last_error ?? '',
    ].map(String),
  )
  const text = rows.length
    ? table(['Source', 'Kind', 'Next run', 'Last run', 'Outcome', 'Error'], rows)
    : 'INFO: there are no import sources yet. See docs/sources.md.'
  print(context, items, text)
  return 0
}

function reportText({ source, outcome, error, files }: SourceReport): string {
  const lines = files.map(({ file, outcome: became, import: id, counts }) => {
    const said = counts
      ? `: created ${counts.created}, updated ${counts.updated}, unchanged ${counts.unchanged}, archived ${counts.removed}, rejected ${counts.rejected}, left alone ${counts.kept}`
      : ''
    return `  ${file} ${became}${said}${id ? ` (import ${id})` : ''}`
  })
  const nothing = files.length === 0 && error === null ? ['  nothing new'] : []
  return [`Source ${source}: ${outcome}`, ...lines, ...nothing, ...(error ? [`  ${error}`] : [])].join('\n')
}
