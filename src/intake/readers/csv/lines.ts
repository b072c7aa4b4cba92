/**
 * Counts the line each record starts on. csv-parse counts a line break inside quotes twice when it is CR LF, so its own count runs
 * ahead in files from Excel.
 */
type LineCount = {
  /** bytes from the current record on. */ bytes: Buffer /** offset of those in the text. */
  offset: number
  line: number
}

const LF = 0x0a
const CR = 0x0d

/** The count at the first line. */
export function newLineCount(): LineCount {
  return { bytes: Buffer.alloc(0), offset: 0, line: 1 }
}

/** Takes the record that ends at the offset `end` and answers the line it starts on. */
export function countLines(count: LineCount, end: number): number {
  const { bytes, line } = count
  const length = end - count.offset
  for (let at = 0; at < length; at++) {
    if (bytes[at] === LF || (bytes[at] === CR && bytes[at + 1] !== LF)) count.line++
  }
  count.bytes = bytes.subarray(length)
  count.offset = end
  return line
}
