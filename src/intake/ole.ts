const ENTRY_BYTES = 128
const NAME_BYTES_MAX = 64
const HEADER_BYTES = 512

/**
 * What an OLE container (MS-CFB) holds, from the names in the first sector of its directory: a workbook of Excel 97 to 2003, or
 * a newer file under a password (MS-OFFCRYPTO). Undefined when the sector lies beyond `first` or is not readable.
 */
export function oleKind(first: Buffer): 'xls' | 'encrypted' | undefined {
  if (first.length < HEADER_BYTES) return undefined
  const sectorBytes = 1 << Math.min(first.readUInt16LE(30), 16)
  const start = (first.readUInt32LE(48) + 1) * sectorBytes
  for (let at = start; at < start + sectorBytes && at + ENTRY_BYTES <= first.length; at += ENTRY_BYTES) {
    const length = Math.min(first.readUInt16LE(at + NAME_BYTES_MAX), NAME_BYTES_MAX)
    const name = first.toString('utf16le', at, at + Math.max(length - 2, 0))
    if (name === 'Workbook' || name === 'Book') return 'xls'
    if (name === 'EncryptedPackage' || name === 'EncryptionInfo') return 'encrypted'
  }
  return undefined
}
