import * as account from './account.ts'
import type { PeopleContext } from './context.ts'
import * as enrolment from './enrolment.ts'
import { redeem, requestReset } from './links.ts'
import { sessionAuthenticator } from './sessions.ts'
import { challenge, signIn, signInWithFactor, signInWithPasskey } from './sign-in.ts'

/** Everything that people do with who they are, for the door that they stand at. */
export function createPeople(
  given: Omit<PeopleContext, 'behind' | 'now'> & { now?(): number; onError(error: Error): void },
) {
  const running = new Set<Promise<unknown>>()
  const people: PeopleContext = {
    ...given,
    now: given.now ?? Date.now,
    behind(work) {
      // In a turn of its own: the answer goes out first.
      const done = new Promise((resolve) => setImmediate(resolve))
        .then(work)
        .catch(given.onError)
        .finally(() => running.delete(done))
      running.add(done)
    },
  }
  const { authenticate, forget } = sessionAuthenticator(people)
  /** What ends sessions or changes them is felt on this process at once. */
  const forgetting =
    <Given extends unknown[], Result>(work: (context: PeopleContext, ...rest: Given) => Promise<Result>) =>
    async (...rest: Given): Promise<Result> => {
      try {
        return await work(people, ...rest)
      } finally {
        forget()
      }
    }
  return {
    authenticate,
    forget,
    signIn: forgetting(signIn),
    signInWithFactor: forgetting(signInWithFactor),
    signInWithPasskey: forgetting(signInWithPasskey),
    challenge: forgetting(challenge),
    redeem: forgetting(redeem),
    requestReset: (login: string, visitor: Parameters<typeof requestReset>[2]) =>
      requestReset(people, login, visitor),
    signOut: forgetting(account.signOut),
    me: forgetting(account.me),
    stepUp: forgetting(account.stepUp),
    changePassword: forgetting(account.changePassword),
    requestEmail: forgetting(account.requestEmail),
    enrol: forgetting(enrolment.enrol),
    confirm: forgetting(enrolment.confirm),
    disable: forgetting(enrolment.disable),
    newCodes: forgetting(enrolment.newCodes),
    /** Resolves when nothing is being done behind answers any more. */
    async settled(): Promise<void> {
      while (running.size) await Promise.all(running)
    },
  }
}
