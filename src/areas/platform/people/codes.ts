import { randomBytes, randomInt, timingSafeEqual } from 'node:crypto'
import { Secret, TOTP } from 'otpauth'
import type { Keyring } from '../../../ports/keyring.ts'
import { argon2id, COST } from './argon.ts'

const PERIOD_MS = 30_000
const DIGITS = 6
const SECRET_BYTES = 20
const WINDOW_STEPS = 1

const CODES = 10
const CODE_CHARACTERS = 10
const SALT_BYTES = 16
/** Crockford's base 32: no I, L, O, U. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const DIGIT_RANGE = 1_000_000
const SMS = 'sms code'

/** A new secret for an authenticator app: 160 random bits, in base 32. */
export function newTotpSecret(): string {
  return new Secret({ buffer: new Uint8Array(randomBytes(SECRET_BYTES)).buffer }).base32
}

/** What an authenticator app reads from a QR code. */
export function totpUri(secret: string, issuer: string, label: string): string {
  return totp(secret, issuer, label).toString()
}

/**
 * The time step for which a code is right (RFC 6238: SHA-1, 6 digits, 30 s, one step to either side), or null. Whoever takes
 * it must refuse steps up to the last one that was used.
 */
export function totpStep(secret: string, code: string, now: number): number | null {
  if (!/^\d{6}$/.test(code)) return null
  const delta = totp(secret, '', '').validate({ token: code, timestamp: now, window: WINDOW_STEPS })
  return delta === null ? null : Math.floor(now / PERIOD_MS) + delta
}

function totp(secret: string, issuer: string, label: string): TOTP {
  return new TOTP({
    issuer,
    label: label || 'Serai',
    algorithm: 'SHA1',
    digits: DIGITS,
    period: PERIOD_MS / 1_000,
    secret: Secret.fromBase32(secret),
  })
}

/** Ten backup codes of 50 bits as they are shown, once, and as they are kept: argon2id under one salt for all. */
export async function newBackupCodes(): Promise<{ codes: string[]; kept: string }> {
  const codes = Array.from({ length: CODES }, () =>
    Array.from({ length: CODE_CHARACTERS }, () => ALPHABET[randomInt(ALPHABET.length)]).join(''),
  )
  const salt = randomBytes(SALT_BYTES).toString('base64url')
  const hashes = await Promise.all(codes.map((code) => hashBackupCode(code, salt)))
  return {
    codes: codes.map((code) => `${code.slice(0, 5)}-${code.slice(5)}`),
    kept: JSON.stringify({ salt, codes: hashes }),
  }
}

/** The hash of a typed backup code when it is one of those that are kept, else null. */
export async function backupCodeHash(kept: string | null, typed: string): Promise<string | null> {
  const set = JSON.parse(kept ?? '{"salt":"","codes":[]}') as { salt: string; codes: string[] }
  const hash = await hashBackupCode(foldBackupCode(typed), set.salt || 'AAAAAAAAAAAAAAAAAAAAAA')
  return set.codes.find((each) => timingSafeEqual(Buffer.from(each), Buffer.from(hash))) ?? null
}

/** As people type them: any case, with or without dash, O for 0, I and L for 1. */
export function foldBackupCode(typed: string): string {
  return typed.toUpperCase().replaceAll(/[\s-]/g, '').replaceAll('O', '0').replaceAll(/[IL]/g, '1')
}

async function hashBackupCode(code: string, salt: string): Promise<string> {
  return (await argon2id(code, Buffer.from(salt, 'base64url'), COST)).toString('base64url')
}

/** The code of a text message, made of a nonce: a job that runs again sends the same. */
export function smsCode(keys: Keyring, factor: string, nonce: string): string {
  const bits = keys.mac('sms nonce', `${factor} ${nonce}`).readUIntBE(0, 6)
  return String(bits % DIGIT_RANGE).padStart(DIGITS, '0')
}

/** What is kept of it: six digits under a plain hash would be found in microseconds. */
export function smsMac(keys: Keyring, factor: string, code: string, key = keys.current): string {
  return `${key}.${keys.mac(SMS, `${factor} ${code}`, key).toString('base64url')}`
}

/** Whether a typed code is the one that was sent. */
export function isSmsCode(keys: Keyring, factor: string, typed: string, kept: string): boolean {
  const given = Buffer.from(smsMac(keys, factor, typed.trim(), kept.split('.')[0]))
  const expected = Buffer.from(kept)
  return given.length === expected.length && timingSafeEqual(given, expected)
}
