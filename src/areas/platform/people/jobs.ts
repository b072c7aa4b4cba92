import type { Job } from '../../../kernel/area.ts'
import type { Row } from '../../../kernel/field.ts'
import type { Keyring } from '../../../ports/keyring.ts'
import type { MailPort, SmsPort } from '../../../ports/messages.ts'
import { smsCode, smsMac } from './codes.ts'
import { LINK_MINUTES, type LinkPurpose } from './link.ts'
import { linkInput, linkToken } from './link-token.ts'
import { CODE_MINUTES } from './sms.ts'

/** What messages to people are sent with. */
export type Messengers = {
  mail: MailPort
  sms: SmsPort
  keys: Keyring
  /** name of the business, as people know it. */
  business: string
  /** where browsers find the house. */
  origin: string
}

/** A link that is read on a lock screen must not live long. */
const SMS_LINK_MINUTES = 10

const LETTERS: { readonly [purpose in LinkPurpose]: { subject: string; text: string } } = {
  first_owner: { subject: 'Become the owner of', text: 'Open this link to become the first owner' },
  invite: { subject: 'You are invited to', text: 'Open this link to choose a password and sign in' },
  reset: {
    subject: 'A new password for',
    text: 'Somebody asked for a new password for you. Open this link to choose it',
  },
  email_change: {
    subject: 'Confirm your address at',
    text: 'Open this link to be known by this address from now on',
  },
  recovery: {
    subject: 'The way back into',
    text: 'Open this link to choose a new password and come in without your second factors, which it removes',
  },
}

/** Messages to people, sent after the change that asks for them was committed. */
export function peopleJobs(messengers: Messengers): Job[] {
  return [sendLink(messengers), sendCode(messengers), announce(messengers), endSessions]
}

type Asked = { purpose: LinkPurpose; user: string; email: string | null; nonce: string; asked_at?: string }

/** A letter with a link, or a text message to whoever has no address. The token is made here and kept nowhere. */
function sendLink({ mail, sms, keys, business, origin }: Messengers): Job {
  return {
    name: 'send_link',
    async run(payload, { perform }) {
      const { purpose, user, email, nonce, asked_at } = payload as Asked
      const to = await contactOf(perform, user)
      const address = email ?? to.email
      const minutes = address ? LINK_MINUTES[purpose] : Math.min(SMS_LINK_MINUTES, LINK_MINUTES[purpose])
      const token = linkToken(keys, nonce)
      const input = {
        ...linkInput(token, purpose, minutes),
        user,
        email: email ?? null,
        asked_at: asked_at ?? null,
      }
      const { answer } = await perform({ resource: 'link', action: 'issue', input })
      if (answer?.cancelled) return
      const { subject, text } = LETTERS[purpose]
      const link = `${origin}/#/link/${token}`
      const body = `${text}. It is good once, for ${spell(minutes)}:\n\n${link}\n`
      if (address)
        await mail.send({
          to: address,
          subject: `${subject} ${business}`,
          text: `${to.name},\n\n${body}\nIf you did not expect this letter, leave it be: nothing happens.\n`,
        })
      else if (to.phone) await sms.send({ to: to.phone, text: `${business}: ${body}` })
    },
  }
}

function sendCode({ sms, keys, business }: Messengers): Job {
  return {
    name: 'send_code',
    // A code that comes late is of no use.
    attempts: 3,
    timeoutSeconds: 60,
    async run(payload, { perform }) {
      const { factor, nonce } = payload as { factor: string; nonce: string }
      const code = smsCode(keys, factor, nonce)
      const input = { mac: smsMac(keys, factor, code), minutes: CODE_MINUTES }
      const { answer } = await perform({ resource: 'factor', action: 'keep_code', targets: [factor], input })
      const text = `${code} is your code for ${business}. Nobody of ours will ask you for it.`
      await sms.send({ to: answer!.phone as string, text })
    },
  }
}

/** Whatever happens to the ways in is told on all addresses of a person, so that somebody notices who did not do it. */
function announce({ mail, sms, business }: Messengers): Job {
  return {
    name: 'announce',
    async run(payload, { perform }) {
      const { user, what, at, also } = payload as { [name: string]: string }
      const { name, email, phone } = await contactOf(perform, user)
      const text = `${what} at ${business}, on ${at.slice(0, 16).replace('T', ' ')} UTC.`
      const advice = 'If it was not you, ask for a new password at once and tell the owner.'
      for (const to of new Set([email, also]))
        if (to)
          await mail.send({ to, subject: `${what} at ${business}`, text: `${name},\n\n${text} ${advice}\n` })
      if (phone) await sms.send({ to: phone, text: `${text} ${advice}` })
    },
  }
}

/** Sessions that are over by themselves, since the password or the roles changed, are shown as ended. */
const endSessions: Job = {
  name: 'end_sessions',
  async run({ user, why }, { perform }) {
    await perform({ resource: 'session', action: 'end_all', input: { user, why } })
  },
}

type Contact = { name: string; email: string | null; phone: string | null }

async function contactOf(
  perform: (request: {
    resource: string
    action: string
    targets: string[]
  }) => Promise<{ answer: Row | null }>,
  user: string,
): Promise<Contact> {
  const { answer } = await perform({ resource: 'user', action: 'contact', targets: [user] })
  return answer as Contact
}

function spell(minutes: number): string {
  if (minutes < 120) return `${minutes} minutes`
  return minutes < 2 * 24 * 60 ? `${minutes / 60} hours` : `${minutes / (24 * 60)} days`
}
