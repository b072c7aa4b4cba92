/** A letter in plain text. */
export type Mail = { to: string; subject: string; text: string }
/** Sends letters. Throws when the server did not take one. */
export type MailPort = { send(mail: Mail): Promise<void> }

/** A text message; `to` is a number with its country (E.164). */
export type Sms = { to: string; text: string }
/** Sends text messages. Throws when the provider did not take one. */
export type SmsPort = { send(message: Sms): Promise<void> }
