import type { Row } from '../../../kernel/field.ts'
import type { Keyring } from '../../../ports/keyring.ts'
import { secretOf } from './context.ts'
import { LINK_MINUTES, type LinkPurpose } from './link.ts'

/** The token of a link, made of a nonce and a key: whoever holds only one of them cannot make it. */
export function linkToken(keys: Keyring, nonce: string): string {
  return `srl_${keys.mac('link', nonce).toString('base64url')}`
}

/** What keeps a link, ready for the action that issues it. */
export function linkInput(token: string, purpose: LinkPurpose, minutes = LINK_MINUTES[purpose]): Row {
  const { hash, handle } = secretOf(token)
  return { hash, handle, purpose, minutes }
}
