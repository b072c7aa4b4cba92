import { createHash } from 'node:crypto'
import {
  type AuthenticationResponseJSON,
  generateAuthenticationOptions,
  generateRegistrationOptions,
  type RegistrationResponseJSON,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from '@simplewebauthn/server'
import type { Row } from '../../../kernel/field.ts'
import { type PeopleContext, type PersonRow, refused } from './context.ts'

const CHALLENGE_MINUTES = 5
const TIMEOUT_MS = CHALLENGE_MINUTES * 60_000

export type PasskeyRow = {
  id: string
  user: string
  credential: string
  secret: string
  counter: number
  transports: string[] | null
}

/** What a browser is asked to make a passkey with. Attestation is not asked for: we trust the person, not a maker. */
export async function registrationOptions(
  people: PeopleContext,
  person: PersonRow,
  known: readonly string[],
): Promise<Row> {
  const options = await generateRegistrationOptions({
    rpName: people.business,
    rpID: new URL(people.origin).hostname,
    userName: person.login,
    userDisplayName: person.name,
    userID: new Uint8Array(Buffer.from(person.id.replaceAll('-', ''), 'hex')),
    timeout: TIMEOUT_MS,
    attestationType: 'none',
    excludeCredentials: known.map((id) => ({ id })),
    authenticatorSelection: { residentKey: 'preferred', userVerification: 'preferred' },
  })
  await keepChallenge(people, options.challenge, 'registration', person.id)
  return options as unknown as Row
}

/** What a new passkey says of itself, when it answers our challenge, for our origin; else 401. */
export async function verifyRegistration(
  people: PeopleContext,
  person: string,
  response: unknown,
): Promise<Row> {
  const verified = await verifyRegistrationResponse({
    response: response as RegistrationResponseJSON,
    expectedChallenge: (challenge) => takeChallenge(people, challenge, 'registration', person),
    expectedOrigin: people.origin,
    expectedRPID: new URL(people.origin).hostname,
    requireUserVerification: false,
  }).catch(notVerified)
  if (!verified?.verified) throw refused('The passkey did not prove itself. Try again.')
  const { credential, credentialDeviceType, credentialBackedUp } = verified.registrationInfo
  return {
    credential: credential.id,
    secret: Buffer.from(credential.publicKey).toString('base64url'),
    counter: credential.counter,
    transports: credential.transports ?? [],
    device_type: credentialDeviceType,
    backed_up: credentialBackedUp,
  }
}

/** What a browser is asked to sign with; without a person, any passkey of this house will do. */
export async function authenticationOptions(
  people: PeopleContext,
  person: string | null,
  known: readonly { credential: string; transports: string[] | null }[],
): Promise<Row> {
  const options = await generateAuthenticationOptions({
    rpID: new URL(people.origin).hostname,
    timeout: TIMEOUT_MS,
    allowCredentials: known.map(({ credential, transports }) => ({
      id: credential,
      ...(transports ? { transports } : {}),
    })),
    userVerification: person === null ? 'required' : 'preferred',
  })
  await keepChallenge(people, options.challenge, 'authentication', person)
  return options as unknown as Row
}

/**
 * The counter that a passkey answered with, when it answers our challenge; null otherwise. `alone`: nothing else was proved,
 * so the authenticator must have verified who holds it.
 */
export async function verifyPasskey(
  people: PeopleContext,
  passkey: PasskeyRow,
  response: unknown,
  alone: boolean,
): Promise<number | null> {
  const verified = await verifyAuthenticationResponse({
    response: response as AuthenticationResponseJSON,
    expectedChallenge: (challenge) =>
      takeChallenge(people, challenge, 'authentication', alone ? null : passkey.user),
    expectedOrigin: people.origin,
    expectedRPID: new URL(people.origin).hostname,
    requireUserVerification: alone,
    credential: {
      id: passkey.credential,
      publicKey: new Uint8Array(Buffer.from(passkey.secret, 'base64url')),
      counter: passkey.counter,
      ...(passkey.transports ? { transports: passkey.transports } : {}),
    },
  }).catch(notVerified)
  return verified?.verified ? verified.authenticationInfo.newCounter : null
}

// The library throws for whatever is wrong with an answer. A database that is away is not such a thing.
function notVerified(error: Error & { code?: string }): null {
  if (error.code !== undefined && /^[0-9A-Z]{5}$|^E[A-Z]+$/.test(error.code)) throw error
  return null
}

async function keepChallenge(
  { query }: PeopleContext,
  challenge: string,
  purpose: string,
  person: string | null,
): Promise<void> {
  await query(
    `insert into passkey_challenge (hash, "user", purpose, expires_at) values ($1, $2, $3, now() + make_interval(mins => ${CHALLENGE_MINUTES}))`,
    [hashOf(challenge), person, purpose],
  )
}

/** Each challenge is good once. */
async function takeChallenge(
  { query }: PeopleContext,
  challenge: string,
  purpose: string,
  person: string | null,
): Promise<boolean> {
  const taken = await query(
    'delete from passkey_challenge where hash = $1 and purpose = $2 and "user" is not distinct from $3 and expires_at > now() returning hash',
    [hashOf(challenge), purpose, person],
  )
  return taken.length === 1
}

function hashOf(challenge: string): string {
  return createHash('sha256').update(challenge).digest('base64url')
}
