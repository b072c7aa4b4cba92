import type { Readable } from 'node:stream'

/**
 * What is known of a stored object without reading it. `version` is opaque: it differs whenever the content was written
 * again, so equal versions mean equal content.
 */
export type ObjectStat = { key: string; size: number; version: string }

/** Files by key: uploads, rejects, pictures. Adapters: a folder (`objects-disk.ts`), later an S3 bucket. */
export type Objects = {
  /** Stores whole or not at all, replacing what the key held; `size` in bytes, `sha256` in hex. */
  put(key: string, source: Readable | Buffer): Promise<{ size: number; sha256: string }>
  /** The content; a missing object is an `ObjectMissing` error of the stream. */
  get(key: string): Readable
  stat(key: string): Promise<ObjectStat | null>
  /** Objects whose key starts with `prefix`, in no promised order. */
  list(prefix: string): AsyncIterable<ObjectStat>
  /** Removing what is not there is no error. */
  remove(key: string): Promise<void>
}

/** No object has this key. */
export class ObjectMissing extends Error {
  readonly code = 'object.missing'
  readonly key: string
  constructor(key: string) {
    super(`There is no stored object ${key}.`)
    this.name = 'ObjectMissing'
    this.key = key
  }
}

/** The key could not be a key: a defect of the caller, or an attack that got too far. */
export class ObjectKeyError extends Error {
  readonly code = 'object.key'
  constructor(key: string) {
    super(
      `${JSON.stringify(key.slice(0, 100))} cannot be an object's key: 1 to ${KEY_CHARACTERS_MAX} of a-z 0-9 . _ - in parts separated by /, no part empty or beginning with a dot.`,
    )
    this.name = 'ObjectKeyError'
  }
}

const KEY_CHARACTERS_MAX = 512
const PART_CHARACTERS_MAX = 200
const PART = /^[a-z0-9_-][a-z0-9._-]*$/

/** Returns the key, or throws `ObjectKeyError`. */
export function checkKey(key: string): string {
  if (!isKey(key)) throw new ObjectKeyError(key)
  return key
}

/** A part never begins with a dot, so none is `..` and none is hidden. */
export function isKey(key: string): boolean {
  const parts = key.split('/')
  return (
    key.length <= KEY_CHARACTERS_MAX &&
    parts.every((part) => PART.test(part) && part.length <= PART_CHARACTERS_MAX)
  )
}
