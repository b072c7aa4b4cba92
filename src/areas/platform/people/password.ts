import { randomBytes, timingSafeEqual } from 'node:crypto'
import type { Keyring } from '../../../ports/keyring.ts'
import { argon2id, COST, type Cost, TAG_BYTES } from './argon.ts'

const SALT_BYTES = 16
const PEPPER = 'password'
const PHC =
  /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+),keyid=([a-z0-9]+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/

/** A password as it is compared: NFKC, so that the same letters are the same however they were typed. */
export function foldPassword(password: string): string {
  return password.normalize('NFKC')
}

/**
 * What is kept of a password, as a PHC string: argon2id, and over it an HMAC under a key outside the database, named by
 * `keyid`. Without that key, a stolen table cannot even be guessed at.
 */
export async function hashPassword(password: string, keys: Keyring, cost: Cost = COST): Promise<string> {
  const salt = randomBytes(SALT_BYTES)
  const tag = await peppered(password, salt, cost, keys, keys.current)
  const { memory, passes, lanes } = cost
  return `$argon2id$v=19$m=${memory},t=${passes},p=${lanes},keyid=${keys.current}$${base64(salt)}$${base64(tag)}`
}

/**
 * Compares a password with what is kept, in the same time whatever comes out. Without anything kept, a hash is made all
 * the same. `isOld`: made with other parameters or under an older key than today's, and to be made again.
 */
export async function verifyPassword(
  kept: string | null,
  password: string,
  keys: Keyring,
): Promise<{ ok: boolean; isOld: boolean }> {
  const found = PHC.exec(kept ?? '')
  if (!found) {
    await peppered(password, Buffer.alloc(SALT_BYTES), COST, keys, keys.current)
    return { ok: false, isOld: false }
  }
  const [, memory, passes, lanes, keyid, salt, tag] = found
  const cost = { memory: Number(memory), passes: Number(passes), lanes: Number(lanes) }
  const expected = Buffer.from(tag, 'base64')
  const given = await peppered(password, Buffer.from(salt, 'base64'), cost, keys, keyid)
  const ok = expected.length === TAG_BYTES && timingSafeEqual(given, expected)
  const same = cost.memory === COST.memory && cost.passes === COST.passes && cost.lanes === COST.lanes
  return { ok, isOld: ok && (!same || keyid !== keys.current) }
}

async function peppered(
  password: string,
  salt: Buffer,
  cost: Cost,
  keys: Keyring,
  key: string,
): Promise<Buffer> {
  const hash = await argon2id(foldPassword(password), salt, cost)
  return keys.mac(PEPPER, hash.toString('base64'), key)
}

function base64(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '')
}
