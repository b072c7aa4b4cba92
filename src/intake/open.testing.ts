import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { type OpenOptions, openFile } from './open.ts'
import { type CellRow, type DocumentRow, type FileHead, IntakeError, type SourceRow } from './types.ts'

/** A file that was read to its end. */
export type ReadFile = { head: FileHead; rows: SourceRow[]; chunks: number }

const folder = mkdtempSync(join(tmpdir(), 'serai-intake-'))
after(() => rmSync(folder, { recursive: true }))

let count = 0

/** Writes bytes under a name and answers the path. */
export function place(name: string, bytes: Uint8Array | string): string {
  const path = join(folder, `${count++}-${name}`)
  writeFileSync(path, bytes)
  return path
}

/** Reads bytes as the file `name`. */
export async function read(
  name: string,
  bytes: Uint8Array | string,
  options: OpenOptions = {},
): Promise<ReadFile> {
  return readPath(place(name, bytes), name, options)
}

/** Reads a file to its end. */
export async function readPath(path: string, name: string, options: OpenOptions = {}): Promise<ReadFile> {
  const file = await openFile(path, name, options)
  const rows: SourceRow[] = []
  let chunks = 0
  for await (const chunk of file.rows) {
    rows.push(...chunk)
    chunks++
  }
  return { head: file.head, rows, chunks }
}

/** The IntakeError that reading the file ends with; anything else is thrown on. */
export async function refusal(reading: Promise<unknown>): Promise<IntakeError> {
  try {
    await reading
  } catch (error) {
    if (error instanceof IntakeError) return error
    throw error
  }
  throw new Error('the file was read, it should have been refused')
}

/** The documents of the rows. */
export function documents({ rows }: ReadFile): unknown[] {
  return (rows as DocumentRow[]).map(({ document }) => document)
}

/** The cells of the rows. */
export function cells({ rows }: ReadFile): CellRow['cells'][] {
  return (rows as CellRow[]).map((row) => row.cells)
}

/** Faults as `line or row|path|code`. */
export function faults({ rows }: ReadFile): string[] {
  return rows.flatMap(({ address, faults }) =>
    faults.map(({ path, code }) => `${'line' in address ? address.line : address.row}|${path}|${code}`),
  )
}

/** Codes of the head's warnings. */
export function warnings({ head }: ReadFile): string[] {
  return head.warnings.map(({ code }) => code)
}
