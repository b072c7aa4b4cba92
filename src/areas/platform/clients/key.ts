import { createHash, randomInt } from 'node:crypto'
import { crc32 } from 'node:zlib'

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const RANDOM_CHARACTERS = 30
const CHECK_CHARACTERS = 6
const SHOWN_CHARACTERS = 13
const SHAPE = /^srk_(?:live|test)_([0-9A-Za-z]{30})([0-9A-Za-z]{6})$/

/** A new key: `srk_live_`, 30 random characters (178.6 bits) and their checksum. */
export function newKey(kind: 'live' | 'test' = 'live'): string {
  const random = Array.from({ length: RANDOM_CHARACTERS }, () => ALPHABET[randomInt(ALPHABET.length)]).join(
    '',
  )
  return `srk_${kind}_${random}${checksum(random)}`
}

/** Whether a text can be a key at all: its length, its letters and its checksum. Needs no database. */
export function isKey(text: string): boolean {
  const match = SHAPE.exec(text)
  return match !== null && checksum(match[1]) === match[2]
}

/** CRC-32 (IEEE 802.3) in base 62, six characters. */
export function checksum(random: string): string {
  let rest = crc32(random)
  let text = ''
  for (let count = 0; count < CHECK_CHARACTERS; count++) {
    text = ALPHABET[rest % ALPHABET.length] + text
    rest = Math.floor(rest / ALPHABET.length)
  }
  return text
}

/** What is stored of a key: its SHA-256. It holds enough entropy that nothing slower is needed. */
export function hashKey(key: string): string {
  return createHash('sha256').update(key).digest('base64url')
}

/** The beginning by which people know a key. */
export function shownPrefix(key: string): string {
  return key.slice(0, SHOWN_CHARACTERS)
}
