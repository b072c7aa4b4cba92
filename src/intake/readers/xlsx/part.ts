import type { Limits } from '../../limits.ts'
import { type Archive, damaged, inflated, type Part } from '../../zip.ts'
import { endXml, newXml, writeXml, XmlError, type XmlHandlers } from '../xml.ts'

/** An archive that passed the gate, with its parts by path: paths differ only in case in no workbook (ECMA-376-2, 6.2.2). */
export type Package = { archive: Archive; parts: Map<string, Part>; limits: Limits }

/** Finds a part by its path inside the package. */
export function partAt(pack: Package, path: string): Part | undefined {
  return pack.parts.get(path.toLowerCase())
}

/** Reads a part to its end. */
export async function readPart(pack: Package, part: Part, handlers: XmlHandlers): Promise<void> {
  for await (const _ of scanPart(pack, part, handlers));
}

/** Reads a part piece by piece: what the handlers gathered can be taken after each. Throws `zip.damaged`. */
export async function* scanPart(pack: Package, part: Part, handlers: XmlHandlers): AsyncGenerator<void> {
  const xml = newXml(handlers)
  const decoder = new TextDecoder('utf-8', { fatal: true })
  try {
    for await (const bytes of inflated(pack.archive, part)) {
      writeXml(xml, decoder.decode(bytes, { stream: true }))
      yield
    }
    writeXml(xml, decoder.decode())
    endXml(xml)
  } catch (error) {
    throw isMalformed(error) ? damaged(pack.archive.name, error, part.path) : error
  }
  yield
}

function isMalformed(error: unknown): error is Error {
  if (error instanceof XmlError) return true
  return error instanceof Error && 'code' in error && error.code === 'ERR_ENCODING_INVALID_ENCODED_DATA'
}
