import type { Actor } from '../../kernel/actor.ts'
import type { Row } from '../../kernel/field.ts'

/** Who is at the door. */
export type Visitor = { address: string; agent: string | null; requestId: string }
/** Somebody who is signed in. */
export type Signed = { user: string; session: string; factorAt?: number }
/** A session that just began or got a new token; `until` in milliseconds. */
export type NewSession = { token: string; session: string; until: number }
/** The password was right; a factor must follow, with the ticket. */
export type NextStep = { next: 'factor'; methods: string[]; ticket: string }
/** What somebody shows of themselves. */
export type Shown = {
  method: 'totp' | 'sms' | 'backup' | 'passkey' | 'password'
  code?: string
  password?: string
  credential?: unknown
}

/** Everything that people do with who they are; see `src/areas/platform/people/service.ts`. */
export type PeopleService = {
  /** who holds a session's token; null when nobody does. */
  authenticate(token: string): Promise<Actor | null>
  signIn(given: { login: string; password: string }, visitor: Visitor): Promise<NewSession | NextStep>
  signInWithFactor(ticket: string, shown: Shown, visitor: Visitor): Promise<NewSession>
  signInWithPasskey(credential: unknown, visitor: Visitor): Promise<NewSession>
  challenge(
    who: { ticket: string } | { user: string } | null,
    method: 'sms' | 'passkey',
    visitor: Visitor,
  ): Promise<Row>
  /** null when the link was for something that does not sign in. */
  redeem(
    given: { token: string; password?: string; name?: string; email?: string },
    visitor: Visitor,
  ): Promise<NewSession | NextStep | null>
  requestReset(login: string, visitor: Visitor): void
  signOut(signed: Signed, visitor: Visitor): Promise<void>
  me(signed: Signed): Promise<Row>
  stepUp(signed: Signed, shown: Shown, visitor: Visitor): Promise<NewSession>
  changePassword(
    signed: Signed,
    given: { current: string; password: string },
    visitor: Visitor,
  ): Promise<NewSession>
  requestEmail(signed: Signed, given: { email: string; password: string }, visitor: Visitor): Promise<void>
  enrol(
    signed: Signed,
    given: { kind: 'totp' | 'sms' | 'passkey'; label?: string; phone?: string } & Partial<Shown>,
    visitor: Visitor,
  ): Promise<Row>
  confirm(
    signed: Signed,
    id: string,
    shown: { code?: string; credential?: unknown },
    visitor: Visitor,
  ): Promise<Row & NewSession>
  disable(signed: Signed, id: string, shown: Shown, visitor: Visitor): Promise<Row>
  newCodes(signed: Signed, shown: Shown, visitor: Visitor): Promise<Row>
  /** resolves when nothing is being done behind answers any more. */
  settled(): Promise<void>
}
