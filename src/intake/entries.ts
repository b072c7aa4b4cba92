import { group } from './group.ts'
import { type Layout, layoutOf } from './layout.ts'
import { ERRORS_COLUMN } from './names.ts'
import type { DocumentRow, Entry, FileColumn, FileHead, Mapping, OpenedFile, SourceRow } from './types.ts'

const WARNINGS_MAX = 100

/**
 * The records of a file, in its order, as a batch takes them. JSON documents go through as they are; rows of a column file are mapped
 * and grouped (`mapping` is completed by what the other headers say). Unknown columns stay in the document under their own header;
 * before the first record, `file.head.warnings` gets one warning for each. Throws IntakeError `mapping.invalid`.
 *
 * `source` is the document itself, or the rows and their numbers; a JSON line that is no JSON is its text.
 */
export async function* entries(
  file: OpenedFile,
  columns: FileColumn[],
  mapping?: Mapping,
): AsyncGenerator<Entry[]> {
  if (file.head.header === undefined) {
    yield* documents(file.rows)
    return
  }
  const layout = layoutOf(file.head, columns, mapping)
  warn(file.head, layout)
  yield* group(file.rows, layout)
}

function warn(head: FileHead, { warnings }: Layout): void {
  const known = new Set(head.warnings.map(({ code, path }) => `${code} ${path}`))
  const fresh = warnings.filter(({ code, path }) => !known.has(`${code} ${path}`))
  head.warnings.push(...fresh.slice(0, Math.max(0, WARNINGS_MAX - head.warnings.length)))
}

async function* documents(rows: AsyncIterable<SourceRow[]>): AsyncGenerator<Entry[]> {
  let position = 0
  for await (const chunk of rows) yield (chunk as DocumentRow[]).map((row) => documentEntry(row, position++))
}

function documentEntry(row: DocumentRow, position: number): Entry {
  const document = withoutErrors(row.document)
  const { address, faults } = row
  const source = unparsed(row) ?? document
  return { position, address, document, lenient: false, source, faults, warnings: [] }
}

/** The reasons of a mended rejects file are no data. */
function withoutErrors(document: unknown): unknown {
  if (typeof document !== 'object' || document === null || !Object.hasOwn(document, ERRORS_COLUMN))
    return document
  const { [ERRORS_COLUMN]: _, ...rest } = document as { [member: string]: unknown }
  return rest
}

/** The text of a line that is no JSON. */
function unparsed({ document, faults }: DocumentRow): string | undefined {
  const syntax = faults.find(({ code }) => code.startsWith('json.'))
  if (syntax === undefined || (document !== null && typeof document !== 'string')) return undefined
  return document ?? syntax.raw
}
