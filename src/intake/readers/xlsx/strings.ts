import { bytesText } from '../../limits.ts'
import { IntakeError } from '../../types.ts'
import type { Part } from '../../zip.ts'
import type { XmlHandlers } from '../xml.ts'
import { type Package, readPart } from './part.ts'

/** `_x000D_` is how spreadsheets write characters that XML cannot hold (ECMA-376-1, 22.9.2.19); `_x005F_` is the underscore. */
const ESCAPE = /_x([0-9A-Fa-f]{4})_/g

/** Text as the cell shows it. */
export function unescapeCell(text: string): string {
  return text.includes('_x')
    ? text.replaceAll(ESCAPE, (_, code) => String.fromCharCode(Number.parseInt(code, 16)))
    : text
}

/**
 * Gathers the text of an `si` or `is` element: all its runs, without the reading aids (`rPh`) of East Asian text. `take` is called
 * when the element ends; texts are cut just above the limit of a cell, so that a reader can tell.
 */
export function textHandlers(
  element: string,
  charactersMax: number,
  take: (text: string) => void,
): Required<XmlHandlers> {
  let text = ''
  let inText = false
  let inAid = false
  return {
    open(name) {
      if (name === element) text = ''
      else if (name === 't') inText = true
      else if (name === 'rPh') inAid = true
    },
    text(more) {
      if (inText && !inAid && text.length <= charactersMax) text += more.slice(0, charactersMax + 1)
    },
    close(name) {
      if (name === element) take(unescapeCell(text))
      else if (name === 't') inText = false
      else if (name === 'rPh') inAid = false
    },
  }
}

/** The table of shared strings. Its size was judged by the gate; another name in the package must not get it past. */
export async function readStrings(pack: Package, part: Part): Promise<string[]> {
  const { sharedStringsBytes, cellCharacters } = pack.limits
  if (part.entry.uncompressedSize > sharedStringsBytes) {
    const message = `the texts of ${pack.archive.name} take more than ${bytesText(sharedStringsBytes)}; split the file or save it as CSV`
    throw new IntakeError('zip.strings', message)
  }
  const strings: string[] = []
  await readPart(
    pack,
    part,
    textHandlers('si', cellCharacters, (text) => strings.push(text)),
  )
  return strings
}
