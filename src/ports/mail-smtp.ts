import { createTransport } from 'nodemailer'
import type { MailPort } from './messages.ts'

const TIMEOUT_MS = 20_000

/** Letters over SMTP: `smtps://name:password@mail.example.com`, or `smtp://` which turns to TLS where the server offers it. */
export function smtpMail(url: string, from: string): MailPort {
  const transport = createTransport({
    url,
    connectionTimeout: TIMEOUT_MS,
    greetingTimeout: TIMEOUT_MS,
    socketTimeout: TIMEOUT_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  return {
    async send({ to, subject, text }) {
      await transport.sendMail({ from, to, subject, text })
    },
  }
}
