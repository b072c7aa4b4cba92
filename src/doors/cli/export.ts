import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Command } from 'commander'
import { exportDocuments } from '../../engine/export.ts'
import { resourceOf } from '../../engine/lookup.ts'
import { parseQuery } from '../../engine/query.ts'
import { withView } from '../../engine/views.ts'
import { write } from '../../intake/writers/index.ts'
import { fileColumns } from '../../kernel/document.ts'
import { type Context, progressBar, withServices } from './context.ts'
import { usage } from './house.ts'
import type { Register } from './register.ts'
import { writeWhole } from './whole.ts'

const FORMATS = ['json', 'jsonl', 'csv', 'xlsx'] as const

/** `serai export`: records into a file, whole or not at all. */
export function exportCommand(register: Register): void {
  register(
    'export',
    'Writes records to a file, from one snapshot. Ingesting it again changes nothing.',
    'serai export products --format xlsx --out products.xlsx',
    shape,
    run,
  )
}

function shape(command: Command): Command {
  return command
    .argument('<resource>', 'what to export, such as products')
    .option('--format <format>', FORMATS.join(', '), 'jsonl')
    .option('--out <file>', 'the file; standard output when absent')
    .option('--q <words>', 'only what is found by these words')
    .option('--filter <cel>', 'only what fits, such as category == "Family"')
    .option('--archived <which>', 'only, or with')
    .option('--as-of <time>', 'as it stood then, such as 2026-01-31T09:30:00Z')
    .option('--view <name>', 'a saved view; what is said beside it wins')
    .option(
      '--profile <profile>',
      'spreadsheet (safe to open in a spreadsheet program) or raw',
      'spreadsheet',
    )
}

async function run(context: Context, options: Record<string, unknown>, name: string): Promise<undefined> {
  const format = FORMATS.find((each) => each === options.format)
  if (!format) throw usage(`--format is "${options.format}"; it is one of ${FORMATS.join(', ')}`)
  const profile = options.profile
  if (profile !== 'spreadsheet' && profile !== 'raw')
    throw usage(`--profile is "${profile}"; it is spreadsheet or raw`)
  return withServices(context, async ({ services: { engine }, actor }) => {
    const resource = resourceOf(engine, name)
    const asked: { [name: string]: unknown } = { ...options, as_of: options.asOf }
    const given = ['view', 'q', 'filter', 'archived', 'as_of'].flatMap((each) =>
      asked[each] === undefined ? [] : [[each, asked[each] as string]],
    )
    const { parameters } = await withView(engine, actor, resource.name, Object.fromEntries(given))
    const query = parseQuery(engine, resource.name, parameters)
    const bar = progressBar(context)
    let rows = 0
    async function* counted() {
      for await (const chunk of exportDocuments(engine, actor, resource.name, query)) {
        rows += chunk.length
        bar.progress(rows, 0, `${resource.plural} written:`)
        yield chunk
      }
    }
    const bytes = Readable.from(write(format, fileColumns(resource), counted(), { profile }))
    const out = options.out as string | undefined
    if (out)
      await writeWhole(
        out,
        (partial) => createWriteStream(partial, { flush: true }),
        bytes,
        context.io.signal,
      ).finally(bar.end)
    else await pipeline(bytes, context.io.stdout, { end: false, signal: context.io.signal })
    if (out)
      context.io.stdout.write(
        context.json
          ? `${JSON.stringify({ resource: resource.name, format, rows, file: out })}\n`
          : `Exported ${rows} ${resource.plural} to ${out}\n`,
      )
    return undefined
  })
}
