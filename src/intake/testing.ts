import type { Cell, FileColumn, FileHead, OpenedFile, SourceRow } from './types.ts'

/** For tests: the columns of something like a product. */
export const PRODUCT: FileColumn[] = [
  column('product_id', { key: true, required: true, aliases: ['id', 'code', 'رمز المنتج'] }),
  column('product_name', { required: true, aliases: ['name', 'tour_name', 'اسم الجولة'] }),
  column('tier_name', { item: 'pricing', required: true, aliases: ['tier'] }),
  column('price', {
    item: 'pricing',
    kind: 'money',
    required: true,
    path: ['price_aed'],
    aliases: ['price_aed', 'السعر'],
  }),
  column('currency', { item: 'pricing' }),
  column('validity_start', { item: 'pricing', kind: 'date', aliases: ['valid_from'] }),
  column('validity_end', { item: 'pricing', kind: 'date', aliases: ['valid_to'] }),
  column('inclusions', { kind: 'list', list: true, required: true }),
  column('active', { kind: 'boolean' }),
  column('description', {}),
  column('duration_hours', { kind: 'number', aliases: ['duration (h)'] }),
  column('exclusions', { kind: 'list', list: true }),
  column('extra', { kind: 'json' }),
]

function column(name: string, rest: Partial<FileColumn>): FileColumn {
  return { name, path: [name], aliases: [], kind: 'text', list: false, required: false, key: false, ...rest }
}

/** For tests: a column file that was read, its rows from `first` on, in chunks of two. */
export function cellFile(
  header: string[],
  rows: Cell[][],
  head: Partial<FileHead> = {},
  first = 2,
): OpenedFile {
  const sheet = head.format === 'xlsx' ? 'Tours' : undefined
  const list = rows.map((cells, index): SourceRow => {
    const number = first + index
    return { address: sheet ? { sheet, row: number } : { line: number }, cells, faults: [] }
  })
  return {
    head: { ...headOf('csv'), delimiter: ',', ...(sheet ? { sheet } : {}), header, ...head },
    rows: inChunks(list, 2),
  }
}

/** For tests: a document file that was read. */
export function documentFile(format: 'json' | 'jsonl', rows: SourceRow[]): OpenedFile {
  return { head: headOf(format), rows: inChunks(rows, 2) }
}

function headOf(format: FileHead['format']): FileHead {
  return { name: `products.${format}`, format, size_bytes: 1, sha256: '', warnings: [] }
}

/** For tests: a list as something that arrives in chunks. */
export async function* inChunks<Item>(items: Item[], size: number): AsyncGenerator<Item[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size)
}

/** For tests: everything that arrives, in one list. */
export async function collect<Item>(chunks: AsyncIterable<Item[]>): Promise<Item[]> {
  const items: Item[] = []
  for await (const chunk of chunks) items.push(...chunk)
  return items
}

/** For tests: the bytes of a file that was written. */
export async function bytesOf(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const piece of pieces) parts.push(piece)
  return Buffer.concat(parts)
}
