import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Mail, MailPort, Sms, SmsPort } from './messages.ts'

/**
 * Where nothing is to leave the machine: every message is a file of the folder, in the order of time, readable by its owner
 * alone. `onMessage` is told of each.
 */
export function outbox(
  folder: string,
  onMessage: (file: string) => void = () => undefined,
): { mail: MailPort; sms: SmsPort } {
  let count = 0
  async function keep(kind: string, message: Mail | Sms): Promise<void> {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const name = `${new Date().toISOString().replaceAll(':', '-')}-${process.pid}-${count++}-${kind}.json`
    const file = join(folder, name)
    await writeFile(`${file}.part`, `${JSON.stringify(message, null, 2)}\n`, { mode: 0o600 })
    await rename(`${file}.part`, file)
    onMessage(file)
  }
  return { mail: { send: (mail) => keep('mail', mail) }, sms: { send: (message) => keep('sms', message) } }
}
