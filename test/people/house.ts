import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { peopleJobs } from '../../src/areas/platform/people/jobs.ts'
import { createPeople } from '../../src/areas/platform/people/service.ts'
import { openDoor, type Send, type Sent } from '../../src/doors/http/testing.ts'
import type { HttpOptions } from '../../src/doors/http.ts'
import { cookiesFor } from '../../src/doors/identity/cookie.ts'
import { perform } from '../../src/engine/perform.ts'
import type { Row } from '../../src/kernel/field.ts'
import { keyringOf } from '../../src/ports/keyring-file.ts'
import type { Mail, Sms } from '../../src/ports/messages.ts'
import { startRunner } from '../../src/work/runner.ts'
import { owner } from '../support/database.ts'

export const ORIGIN = 'https://serai.test'
export const PASSWORD = 'correct horse battery staple'
const WAIT_MS = 15_000

export type PeopleHouse = Awaited<ReturnType<typeof openPeople>>

/** A house with people in it: real routes, database and jobs; only the clock of codes and the outbox are ours. */
export async function openPeople(t: TestContext, more: Pick<Partial<HttpOptions>, 'logger' | 'live'> = {}) {
  const outbox: ((Mail | Sms) & { at: number })[] = []
  const keys = [{ id: 'k1', bytes: randomBytes(32) }]
  const keyring = keyringOf(() => [...keys])
  const clock = { offset: 0, now: () => Date.now() + clock.offset }
  const errors: Error[] = []
  let people!: ReturnType<typeof createPeople>
  const door = await openDoor(t, {
    ...more,
    cookies: cookiesFor(ORIGIN, false),
    authenticate: async (token) => (token === 'owner-token' ? owner : people.authenticate(token)),
    people(engine) {
      people = createPeople({
        query: async <Result extends Row>(text: string, values?: unknown[]) =>
          (await engine.pool.query(text, values)).rows as Result[],
        perform: (request) => perform(engine, request),
        keys: keyring,
        business: 'Dune Tours',
        origin: ORIGIN,
        now: clock.now,
        onError: (error) => void errors.push(error),
      })
      return people
    },
  })
  const port = { send: async (message: Mail | Sms) => void outbox.push({ ...message, at: Date.now() }) }
  const jobs = peopleJobs({ mail: port, sms: port, keys: keyring, business: 'Dune Tours', origin: ORIGIN })
  const { engine, pool } = door
  const log = pino({ level: 'silent' })
  t.after(async () => {
    await people.settled()
    assert.deepEqual(errors, [])
  })

  /** Waits until every message that is due is in the outbox. */
  async function delivered(): Promise<void> {
    await people.settled()
    const runner = await startRunner({ engine, pool, jobs, schedules: [], log })
    try {
      for (const until = Date.now() + WAIT_MS; ; await sleep(20)) {
        const { rows } = await pool.query(
          'select last_error from graphile_worker._private_jobs where run_at <= now() or attempts > 0',
        )
        if (rows.length === 0) break
        assert.ok(Date.now() < until, `jobs are left: ${JSON.stringify(rows)}`)
      }
    } finally {
      await runner.stop()
    }
  }

  const send: Send = (method, url, options) => door.send(method, url, { token: null, ...options })

  /** The token in the last link that was sent to an address. */
  function linkTo(address: string): string {
    const message = outbox.findLast(({ to, text }) => to === address && text.includes('/#/link/'))
    return /#\/link\/(\S+)/.exec(message?.text ?? '')?.[1] ?? assert.fail(`no link for ${address}`)
  }

  async function invite(name: string, role?: string): Promise<string> {
    const email = `${name}@example.com`
    const { body } = await send('POST', '/api/users/invite', { body: { name, email }, token: 'owner-token' })
    const id = body.items[0].id as string
    if (role) {
      const found = await pool.query('select id from role where name = $1', [role])
      const given = { user: id, role: found.rows[0].id, reason: 'test' }
      assert.equal(
        (await send('POST', '/api/memberships', { body: given, token: 'owner-token' })).status,
        201,
      )
    }
    return id
  }

  /** Somebody who has opened their invitation. */
  async function settle(
    name: string,
    role?: string,
    password = PASSWORD,
  ): Promise<{ id: string; token: string }> {
    const id = await invite(name, role)
    await delivered()
    const opened = await send('POST', '/api/session/link', {
      body: { token: linkTo(`${name}@example.com`), password, bearer: true },
    })
    assert.equal(opened.status, 200, opened.text)
    return { id, token: opened.body.token }
  }

  const signIn = (name: string, password = PASSWORD, more: { address?: string; headers?: object } = {}) =>
    send('POST', '/api/session', {
      body: { login: name.includes('@') ? name : `${name}@example.com`, password, bearer: true },
      ...(more as object),
    })

  return { ...door, send, people, keys, keyring, outbox, clock, delivered, linkTo, invite, settle, signIn }
}

/** Forgets what was guessed, so that a test can go on. */
export async function forgiveAll({ pool }: Pick<PeopleHouse, 'pool'>): Promise<void> {
  await pool.query('delete from sign_in_attempt')
}

/** The cookie that an answer sets. */
export function cookieOf({ headers }: Sent): string {
  return String(headers['set-cookie'] ?? '').split(';')[0]
}
