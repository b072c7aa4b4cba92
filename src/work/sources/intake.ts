import type { Readable } from 'node:stream'
import type { ImportOptions } from '../../engine/types.ts'
import { Problem } from '../../kernel/problem.ts'
import type { Counts } from '../../kernel/proposal.ts'
import type { SourceRecord } from '../../store/sources.ts'
import { type FileReport, type RunRequest, type SourceContext, sourceActor } from './types.ts'

/** Takes one file of a source in, as `serai ingest` would. What is wrong with the file is in the report; other errors are thrown. */
export async function takeIn(
  { imports }: SourceContext,
  source: SourceRecord,
  file: { name: string; body: Readable },
  request: RunRequest,
): Promise<FileReport> {
  try {
    const { import: record } = await imports.ingest({
      actor: sourceActor(source),
      resource: source.resource,
      fileName: file.name,
      body: file.body,
      options: optionsOf(source),
      dryRun: request.dryRun,
      reason: `source ${source.name}`,
    })
    const counts = record.counts as Counts
    const error = complaint(counts, String(record.state), String(record.id), request)
    return {
      file: file.name,
      outcome: error ? 'refused' : request.dryRun ? 'planned' : record.change ? 'applied' : 'unchanged',
      import: String(record.id),
      counts,
      error,
    }
  } catch (error) {
    if (!(error instanceof Problem) || error.status >= 500) throw error
    return { file: file.name, outcome: 'refused', import: null, counts: null, error: error.message }
  }
}

function complaint(counts: Counts, state: string, id: string, { dryRun }: RunRequest): string | null {
  if (counts.read === 0) return 'The file holds no records.'
  if (state === 'applied' || (dryRun && counts.rejected === 0)) return null
  return `${counts.rejected} of ${counts.read} rows are wrong; nothing was written. See import ${id}.`
}

function optionsOf(source: SourceRecord): ImportOptions {
  const options = {
    source: source.name,
    mode: source.mode,
    format: source.file_format,
    encoding: source.encoding,
    delimiter: source.delimiter,
    decimal: source.decimal,
    sheet: source.sheet,
    template: source.template,
    strict: source.strict || null,
    onError: source.on_error === 'abort' ? null : source.on_error,
    maxRemovalShare: source.max_removal_share,
  }
  // What was not said is left out: the options are part of the import's identity.
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== null))
}
