import type { Fetch } from './fetch.ts'
import type { SmsPort } from './messages.ts'

const ANSWER_BYTES_MAX = 64 * 1024

/** Text messages through a provider's gateway: `POST` of `{"to", "text"}` as JSON, with its Authorization header. */
export function httpSms(fetch: Fetch, url: string, authorization: string | undefined): SmsPort {
  return {
    async send(message) {
      const answer = await fetch({
        url,
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        ...(authorization ? { secretHeaders: { authorization } } : {}),
        body: JSON.stringify(message),
        bytesMax: ANSWER_BYTES_MAX,
      })
      answer.body.resume()
      if (answer.status < 200 || answer.status > 299)
        throw new Error(`The SMS gateway answered ${answer.status}.`)
    },
  }
}
