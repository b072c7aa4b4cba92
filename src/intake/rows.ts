import type { Fault } from '../kernel/fault.ts'
import type { Address, Cell, FileHead, SourceRow } from './types.ts'

/** A row as a chunk carries it. */
type Packed = [line: number, content: unknown, faults?: Fault[]]

/** The rows of a chunk of a reader. */
export function rowsOf(text: Buffer, { format, sheet }: Pick<FileHead, 'format' | 'sheet'>): SourceRow[] {
  const packed = JSON.parse(text.toString()) as Packed[]
  const isDocument = format === 'json' || format === 'jsonl'
  return packed.map(([line, content, faults = []]): SourceRow => {
    const address: Address = sheet === undefined ? { line } : { sheet, row: line }
    return isDocument ? { address, document: content, faults } : { address, cells: content as Cell[], faults }
  })
}
