/**
 * Keys that lie outside the database: what it holds under them is worth nothing without them. Everything that is made under
 * a key names it, so that keys can be replaced while what was made under older ones stays readable.
 */
export type Keyring = {
  /** id of the key that is used from now on. */
  readonly current: string
  /** Seals a secret (AES-256-GCM). `context` says where it belongs (table, row, person): elsewhere it does not open. */
  seal(secret: string, context: string): string
  /** Opens it again; throws KeyringError when it was altered, belongs elsewhere, or its key is gone. */
  open(sealed: string, context: string): string
  /** HMAC-SHA-256 of a text for one purpose, under a key of its own for it; the newest key unless one is named. */
  mac(purpose: string, text: string, key?: string): Buffer
  /** Whether something was sealed under an older key. */
  isOld(sealed: string): boolean
}

/** Why a secret cannot be opened. The message names the key, never the secret. */
export class KeyringError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'KeyringError'
  }
}
