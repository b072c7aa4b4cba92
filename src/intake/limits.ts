/** What one file may cost. Every limit is an error that says so when it is reached; none is a silent cut. */
export type Limits = {
  /** bytes of a text file on disk. */
  textBytes: number
  /** bytes of a spreadsheet on disk. */
  workbookBytes: number
  /** entries of a zip archive. */
  entries: number
  /** bytes that all entries of an archive inflate to. */
  inflatedBytes: number
  /** how many times its packed size an entry may inflate to, once it is past `ratioFromBytes`. */
  ratio: number
  ratioFromBytes: number
  /** bytes of the table of shared strings, inflated. */
  sharedStringsBytes: number
  /** cell formats of a workbook. */
  styles: number
  /** rows of a column file, header included. */
  rows: number
  columns: number
  cellCharacters: number
  /** records of a JSON or JSON Lines file. */
  documents: number
  /** bytes of one record: a JSON document, a line, a row of a CSV file. */
  recordBytes: number
  /** levels of objects and lists inside one JSON record. */
  depth: number
  /** resident memory of the process that reads, in MiB. */
  memoryMib: number
  /** wall clock of the process that reads. */
  timeMs: number
}

const MIB = 1 << 20

/** The limits of an ordinary installation. Rows and cell length are Excel's own. */
export const DEFAULT_LIMITS: Limits = {
  textBytes: 2048 * MIB,
  workbookBytes: 64 * MIB,
  entries: 1_000,
  inflatedBytes: 512 * MIB,
  ratio: 200,
  ratioFromBytes: 10 * MIB,
  sharedStringsBytes: 64 * MIB,
  styles: 65_000,
  rows: 1_048_576,
  columns: 500,
  cellCharacters: 32_767,
  documents: 5_000_000,
  recordBytes: 16 * MIB,
  depth: 64,
  memoryMib: 512,
  timeMs: 10 * 60_000,
}

/** A number of bytes for people: `64 MB` (base 1024, as the statistics print it). */
export function bytesText(bytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB']
  const unit = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10))
  const value = bytes / 1024 ** unit
  return `${Number.isInteger(value) ? value : value.toFixed(1)} ${units[unit]}`
}
