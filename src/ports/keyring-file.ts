import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto'
import { chmodSync, linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { type Keyring, KeyringError } from './keyring.ts'

/** A key and its id, the newest first. */
export type Key = { id: string; bytes: Buffer }

const KEY_BYTES = 32
const NONCE_BYTES = 12
const TAG_BYTES = 16
const RELOAD_MS = 1_000

/**
 * The keys of a file that only its owner may read, made when it is not there; `given` (`id:base64,id:base64`, the newest
 * first) takes its place where a secret store hands them out. A key that another process added is found when it is needed.
 */
export function openKeyring(path: string, given?: string): Keyring {
  if (given) return keyringOf(() => parseKeys(given.split(',')))
  makeFile(path)
  return keyringOf(() => parseKeys(readFileSync(path, 'utf8').trim().split('\n')))
}

/** Puts a new key in front of those of the file. What was made under the others stays readable. Returns its id. */
export function addKey(path: string): string {
  makeFile(path)
  const [line, id] = newLine()
  const temporary = `${path}.${process.pid}`
  writeFileSync(temporary, `${line}\n${readFileSync(path, 'utf8')}`, { mode: 0o600 })
  renameSync(temporary, path)
  return id
}

/** A keyring over keys that `load` gives; it is asked again every second, and when a key is named that it did not give. */
export function keyringOf(load: () => Key[]): Keyring {
  let keys = load()
  let loadedAt = Date.now()
  const newest = (): Key => {
    if (Date.now() - loadedAt > RELOAD_MS) {
      keys = load()
      loadedAt = Date.now()
    }
    return keys[0]
  }
  const find = (id: string): Key => {
    const found = keys.find((key) => key.id === id)
    if (found) return found
    keys = load()
    const loaded = keys.find((key) => key.id === id)
    if (!loaded) throw new KeyringError(`The key ${id} is not among the keys of this house.`)
    return loaded
  }
  return {
    get current() {
      return newest().id
    },
    seal(secret, context) {
      const key = newest()
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv('aes-256-gcm', derived(key, 'seal'), nonce)
      cipher.setAAD(Buffer.from(`${context}|${key.id}`))
      const text = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()])
      return `${key.id}.${Buffer.concat([nonce, text, cipher.getAuthTag()]).toString('base64url')}`
    },
    open: (sealed, context) => open(sealed, context, find),
    mac: (purpose, text, id) =>
      createHmac('sha256', derived(id === undefined ? newest() : find(id), purpose))
        .update(text)
        .digest(),
    isOld: (sealed) => sealed.split('.')[0] !== newest().id,
  }
}

function open(sealed: string, context: string, find: (id: string) => Key): string {
  const [id, body = ''] = sealed.split('.')
  const key = find(id)
  const bytes = Buffer.from(body, 'base64url')
  try {
    const decipher = createDecipheriv('aes-256-gcm', derived(key, 'seal'), bytes.subarray(0, NONCE_BYTES))
    decipher.setAAD(Buffer.from(`${context}|${id}`))
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES))
    const text = bytes.subarray(NONCE_BYTES, -TAG_BYTES)
    return Buffer.concat([decipher.update(text), decipher.final()]).toString('utf8')
  } catch {
    // Whatever the cipher says of it, there is one thing to tell, and nothing of the secret in it.
    throw new KeyringError(`A secret under the key ${id} was altered, or belongs elsewhere.`)
  }
}

/** One key for each purpose (HKDF, RFC 5869), so that what is made for one says nothing about another. */
function derived({ bytes }: Key, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', bytes, Buffer.alloc(0), `serai ${purpose}`, KEY_BYTES))
}

function parseKeys(lines: readonly string[]): Key[] {
  return lines.map((line) => {
    const [id, text = ''] = line.trim().split(':')
    const bytes = Buffer.from(text, 'base64')
    if (!/^[a-z0-9]{1,16}$/.test(id) || bytes.length !== KEY_BYTES)
      throw new KeyringError(`The key "${id.slice(0, 16)}" is not ${KEY_BYTES} bytes in base64.`)
    return { id, bytes }
  })
}

// Written aside and linked into place: of two processes that start together, one makes the file, whole.
function makeFile(path: string): void {
  const temporary = `${path}.${process.pid}.new`
  writeFileSync(temporary, `${newLine()[0]}\n`, { mode: 0o600 })
  try {
    linkSync(temporary, path)
    chmodSync(path, 0o600)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    rmSync(temporary)
  }
}

function newLine(): [line: string, id: string] {
  const id = randomBytes(4).toString('hex')
  return [`${id}:${randomBytes(KEY_BYTES).toString('base64')}`, id]
}
