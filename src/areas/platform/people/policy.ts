import { fault } from '../../../kernel/fault.ts'
import { invalid } from '../../../kernel/problem.ts'
import { foldPassword } from './password.ts'

/** NIST SP 800-63B-4: 15 characters where the password is all there is, 8 beside a second factor. */
const ALONE_MIN = 15
const BESIDE_MIN = 8
const CHARACTERS_MAX = 256
const BYTES_MAX = 1_024

let common: Promise<ReadonlySet<string>> | undefined

/**
 * Refuses (422) a password that is too short, too long, among the common ones, or the name of somebody or something here.
 * There are no rules of composition: they make passwords worse. `names` are those of the person and the business.
 */
export async function requireGoodPassword(
  given: string,
  names: readonly (string | null)[],
  hasFactor: boolean,
): Promise<void> {
  const password = foldPassword(given)
  const length = [...password].length
  const least = hasFactor ? BESIDE_MIN : ALONE_MIN
  if (length > CHARACTERS_MAX || Buffer.byteLength(password) > BYTES_MAX)
    refuse('length', `has more than ${CHARACTERS_MAX} characters`)
  if (length < least)
    refuse(
      'length',
      hasFactor
        ? `needs at least ${least} characters`
        : `needs at least ${least} characters; a few words in a row are easy to keep in mind`,
    )
  const folded = password.toLowerCase()
  if (names.some((name) => name && variants(name).includes(plain(folded))))
    refuse('name', 'is a name that belongs to you or to this house; choose another')
  if ((await commonPasswords()).has(folded)) refuse('common', 'is one that many people use; choose another')
}

function refuse(rule: string, detail: string): never {
  throw invalid([fault('password', `password.${rule}`, detail)])
}

/** A name, what stands before the @ of an address, and either of them twice. */
function variants(name: string): string[] {
  const words = [name, name.split('@')[0]].map((each) => plain(each.toLowerCase())).filter(Boolean)
  return words.flatMap((word) => [word, word + word])
}

/** Without spaces, dots and the digits that people put behind a name. */
function plain(text: string): string {
  return text.replaceAll(/[\s._-]+/g, '').replace(/\d{1,4}!*$/, '')
}

// Loaded when the first password is chosen: a process that only serves never needs its 5 MB.
function commonPasswords(): Promise<ReadonlySet<string>> {
  common ??= import('@zxcvbn-ts/language-common').then(
    ({ dictionary }) =>
      new Set((dictionary['passwords-common'] as string[]).map((each) => each.toLowerCase())),
  )
  return common
}
