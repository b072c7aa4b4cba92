import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { PeopleService } from './doors/identity/people.ts'
import { perform } from './engine/perform.ts'
import type { Engine } from './engine/types.ts'
import type { Row } from './kernel/field.ts'
import { guardedFetch } from './ports/fetch-guarded.ts'
import type { Keyring } from './ports/keyring.ts'
import { openKeyring } from './ports/keyring-file.ts'
import { smtpMail } from './ports/mail-smtp.ts'
import type { MailPort, SmsPort } from './ports/messages.ts'
import { outbox } from './ports/messages-outbox.ts'
import { httpSms } from './ports/sms-http.ts'
import type { Settings } from './settings.ts'

/** Where the keys of a home are; only its owner may read them. They are in no backup of the database. */
export function keyFile({ home }: Pick<Settings, 'home'>): string {
  return join(home, 'keys')
}

/** The keys of the house. */
export function keyringOfHouse(settings: Settings): Keyring {
  mkdirSync(settings.home, { recursive: true })
  return openKeyring(keyFile(settings), settings.keys ?? undefined)
}

/** Where browsers find the house. */
export function originOfHouse({ origin, port }: Settings): string {
  return origin ?? `http://localhost:${port}`
}

/** How messages leave the house: through the servers that are set, else into its outbox. */
export function messagesOfHouse(settings: Settings): { mail: MailPort; sms: SmsPort } {
  const { smtpUrl, mailFrom, smsUrl, smsAuthorization, fetchAllow, home } = settings
  const kept = outbox(join(home, 'outbox'))
  return {
    mail: smtpUrl ? smtpMail(smtpUrl, mailFrom) : kept.mail,
    sms: smsUrl
      ? httpSms(guardedFetch({ allow: fetchAllow }), smsUrl, smsAuthorization ?? undefined)
      : kept.sms,
  }
}

/** What the flows of people are given of an engine. */
export function peopleContext(engine: Engine, settings: Settings, keys: Keyring) {
  return {
    query: async <Result extends Row>(text: string, values?: unknown[]) =>
      (await engine.pool.query(text, values)).rows as Result[],
    perform: (request: Parameters<typeof perform>[1]) => perform(engine, request),
    keys,
    business: settings.business,
    origin: originOfHouse(settings),
  }
}

/** A token of a session begins so; other tokens are those of programs. */
const SESSION_TOKEN = /^srs_/

/** Who holds a token: a person's session, or else a program's. */
export function eitherAuthenticator(
  people: PeopleService,
  tokens: PeopleService['authenticate'],
): PeopleService['authenticate'] {
  return (token) => (SESSION_TOKEN.test(token) ? people.authenticate(token) : tokens(token))
}
