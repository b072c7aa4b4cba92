import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { guardedFetch } from './fetch-guarded.ts'
import { smtpMail } from './mail-smtp.ts'
import { outbox } from './messages-outbox.ts'
import { httpSms } from './sms-http.ts'

/** As much of SMTP (RFC 5321) as a client needs; keeps what it was told. */
async function smtpServer(t: TestContext, refuse = '') {
  const said: string[] = []
  const letters: string[] = []
  const server = createServer((socket: Socket) => {
    let letter: string[] | null = null
    let rest = ''
    const answer = (line: string) => socket.write(`${line}\r\n`)
    answer('220 mail.test')
    socket.on('data', (chunk) => {
      const lines = (rest + chunk).split('\r\n')
      rest = lines.pop()!
      for (const line of lines) {
        if (letter && line === '.') {
          letters.push(letter.join('\n'))
          letter = null
          answer('250 taken')
        } else if (letter) letter.push(line)
        else {
          said.push(line)
          if (refuse && line.startsWith(refuse)) answer('550 no such mailbox')
          else if (line.startsWith('EHLO')) answer('250 mail.test')
          else if (line === 'DATA') {
            letter = []
            answer('354 go on')
          } else answer(line === 'QUIT' ? '221 bye' : '250 ok')
        }
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  return { url: `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`, said, letters }
}

test('a letter goes over SMTP as it is, and a header cannot be put into it', async (t) => {
  const { url, said, letters } = await smtpServer(t)
  const mail = smtpMail(url, 'Dune Tours <hello@dune.example>')
  await mail.send({
    to: 'ana@example.com',
    subject: 'Wíllkommen\r\nBcc: all@example.com',
    text: 'Open\n.\nthis link',
  })
  assert.deepEqual(
    said.filter((line) => /^(MAIL|RCPT)/.test(line)),
    ['MAIL FROM:<hello@dune.example>', 'RCPT TO:<ana@example.com>'],
  )
  assert.match(letters[0], /^To: ana@example\.com$/m)
  assert.match(letters[0], /Open\n\.\.\nthis link/)
  assert.doesNotMatch(letters[0], /^Bcc:/m)
})

test('a letter that the server does not take is an error', async (t) => {
  const { url, letters } = await smtpServer(t, 'RCPT')
  const mail = smtpMail(url, 'hello@dune.example')
  await assert.rejects(
    mail.send({ to: 'gone@example.com', subject: 'x', text: 'x' }),
    /no such mailbox|rejected/,
  )
  assert.deepEqual(letters, [])
})

test('a text message is a POST to the gateway, and a refusal of it an error', async (t) => {
  const asked: string[] = []
  const server = createHttpServer(async (request, response) => {
    asked.push(`${request.method} ${request.headers.authorization} ${await text(request)}`)
    response.writeHead(asked.length === 1 ? 202 : 429).end('{}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const sms = httpSms(guardedFetch({ allow: [origin] }), `${origin}/messages`, 'Bearer k')
  await sms.send({ to: '+971501234567', text: '123456 is your code' })
  assert.deepEqual(asked, ['POST Bearer k {"to":"+971501234567","text":"123456 is your code"}'])
  await assert.rejects(sms.send({ to: '+971501234567', text: 'x' }), /answered 429/)
  const closed = httpSms(guardedFetch({ allow: [] }), `${origin}/messages`, undefined)
  await assert.rejects(closed.send({ to: '+971501234567', text: 'x' }), /only https is allowed/)
  assert.equal(asked.length, 2)
})

test('the outbox keeps every message in the order of time, for its owner only', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'serai-outbox-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const { mail, sms } = outbox(join(folder, 'outbox'))
  await mail.send({ to: 'a@example.com', subject: 's', text: 't' })
  await sms.send({ to: '+971501234567', text: 'c' })
  const files = (await readdir(join(folder, 'outbox'))).sort()
  assert.deepEqual(
    files.map((file) => file.split('-').at(-1)),
    ['mail.json', 'sms.json'],
  )
  assert.deepEqual(JSON.parse(await readFile(join(folder, 'outbox', files[1]), 'utf8')), {
    to: '+971501234567',
    text: 'c',
  })
  assert.equal((await stat(join(folder, 'outbox', files[0]))).mode & 0o777, 0o600)
})
