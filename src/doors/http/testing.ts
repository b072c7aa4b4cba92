import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { FastifyInstance } from 'fastify'
import { testEngine } from '../../../test/support/database.ts'
import type { Keeper } from '../../engine/access/keeper.ts'
import type { Current } from '../../engine/feed/watch.ts'
import { createFeed } from '../../engine/feed.ts'
import type { Engine } from '../../engine/types.ts'
import type { Actor } from '../../kernel/actor.ts'
import type { Resource } from '../../kernel/resource.ts'
import type { Pool } from '../../store/pool.ts'
import { createWake } from '../../store/wake.ts'
import { problems } from '../docs/problems.ts'
import { createHttp, type HttpOptions } from '../http.ts'
import type { PeopleService } from '../identity/people.ts'
import type { Document } from '../openapi.ts'
import type { BackupService, Imports, Services, SourceService } from '../services.ts'

/** Tokens of the people in tests. */
export const tokens: { [token: string]: Actor } = {
  'owner-token': { id: 'test:owner', name: 'Olga', roles: ['owner'] },
  'manager-token': { id: 'test:manager', name: 'Maha', roles: ['manager'] },
  'viewer-token': { id: 'test:viewer', name: 'Vera', roles: ['viewer'] },
  'nobody-token': { id: 'test:nobody', name: 'Niko', roles: [] },
}

type Body = string | Buffer | object
export type Sent = {
  status: number
  headers: { [name: string]: string | string[] | number | undefined }
  // biome-ignore lint/suspicious/noExplicitAny: an answer may be anything; tests say what they expect of it
  body: any
  text: string
  bytes: Buffer
}
export type Send = (
  method: string,
  url: string,
  options?: { body?: Body; headers?: { [name: string]: string }; token?: string | null; address?: string },
) => Promise<Sent>

export type Door = {
  app: FastifyInstance
  engine: Engine
  pool: Pool
  keeper: Keeper
  send: Send
  services: Services
}

type ImportContext = { engine: Engine; folder: string; backup(reason: string): Promise<string> }

/** The HTTP door on a real engine and database. */
export async function openDoor(
  t: TestContext,
  options: Partial<Omit<HttpOptions, 'services'>> & {
    resources?: Resource[]
    services?: Partial<Services>
    tables?: string
    imports?(context: ImportContext): Imports
    people?(engine: Engine): PeopleService
    /** the table of grants decides, as in a house; otherwise what the declarations say. */
    grants?: boolean
    current?: Current
  } = {},
): Promise<Door> {
  const { resources = [], tables, imports, people, grants, current, services: replaced, ...http } = options
  const { engine: quiet, keeper, pool, connection, beforeEnd } = await testEngine(t, resources)
  const wake = createWake(pool, connection)
  const engine = { ...quiet, wake: wake.wake }
  const feed = createFeed(engine, { onWake: wake.onWake, ...(current ? { current } : {}) })
  if (tables) await pool.query(tables)
  if (grants) {
    await keeper.open()
    keeper.watch(wake.onWake)
  }
  const folder = await mkdtemp(join(tmpdir(), 'serai-door-'))
  const services: Services = {
    engine,
    imports: imports?.({ engine, folder, backup: async () => 'no-backup' }) ?? ({} as Imports),
    backups: {} as BackupService,
    feed,
    sources: {} as SourceService,
    environment: 'test',
    version: '0.0.0-test',
    database: 'test',
    gauges: async () => [{ name: 'serai_backups', help: 'Backups there are.', value: 3 }],
    ...(people ? { people: people(engine) } : {}),
    ...replaced,
  }
  const app = await createHttp({
    services,
    authenticate: async (token) => tokens[token] ?? null,
    logger: false,
    ready: async () => ({ ok: true, checks: { database: 'ok' } }),
    ...http,
  })
  beforeEnd(async () => {
    await services.people?.settled()
    await feed.stop()
    await keeper.close()
    await wake.close()
  })
  t.after(async () => {
    await app.close()
    await rm(folder, { recursive: true, force: true })
  })
  await app.ready()
  return { app, engine, keeper, pool, services, send: sender(app) }
}

/** An event of the log that tests count: how many there are. */
export async function eventCount(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ count: number }>('select count(*) as count from event')
  return rows[0].count
}

/**
 * Sends requests as the owner, unless a test says otherwise. Every answer is held against the documentation: a status that it
 * does not know fails the test.
 */
export function sender(app: FastifyInstance): Send {
  let paths: Document['paths'] | undefined
  return async (method, url, { body, headers = {}, token = 'owner-token', address } = {}) => {
    const json = typeof body === 'object' && !Buffer.isBuffer(body)
    const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
    const response = await app.inject({
      method: method as 'GET',
      url,
      headers: {
        ...(token ? { authorization: `Bearer ${token}` } : {}),
        ...(json ? { 'content-type': type } : {}),
        ...headers,
      },
      ...(body === undefined ? {} : { payload: json ? JSON.stringify(body) : body }),
      ...(address ? { remoteAddress: address } : {}),
    })
    paths ??= await documentedPaths(app)
    assertDocumented(paths, method, url, response.statusCode)
    const isJson = method !== 'HEAD' && String(response.headers['content-type']).includes('json')
    return {
      status: response.statusCode,
      headers: response.headers,
      body: isJson && response.payload && !isLines(response.headers) ? JSON.parse(response.payload) : null,
      text: response.payload,
      bytes: response.rawPayload,
    }
  }
}

/** Every refusal has this shape (RFC 9457). */
export function assertProblem({ status, headers, body }: Sent, expected: number, what: string): void {
  assert.equal(status, expected, `${what}: ${JSON.stringify(body)}`)
  assert.equal(headers['content-type'], 'application/problem+json', what)
  assert.deepEqual(Object.keys(body), ['type', 'title', 'status', 'detail', 'request_id', 'errors'], what)
  assert.equal(body.status, expected, what)
  assert.equal(body.request_id, headers['x-request-id'], what)
  const code = /^\/docs\/problems#([a-z0-9_.]+)$/.exec(body.type)?.[1]
  assert.ok(code && problems[code]?.statuses.includes(expected), `${what}: ${body.type} is on no page`)
}

async function documentedPaths(app: FastifyInstance): Promise<Document['paths']> {
  const headers = { authorization: 'Bearer owner-token' }
  const response = await app.inject({ method: 'GET', url: '/api/openapi.json', headers })
  return (JSON.parse(response.payload) as Document).paths
}

function assertDocumented(paths: Document['paths'], method: string, url: string, status: number): void {
  const steps = url
    .split('?')[0]
    .replace(/(?<=.)\/$/, '')
    .split('/')
  const path = Object.keys(paths)
    .filter((each) => leadsTo(each.split('/'), steps))
    .sort((left, right) => left.split('{').length - right.split('{').length)[0]
  const operation = path && paths[path][method.toLowerCase()]
  if (!operation) return
  const { responses } = operation as { responses: { [status: string]: unknown } }
  assert.ok(String(status) in responses, `${method} ${path} answered ${status}, which is not documented`)
}

function leadsTo(pattern: string[], steps: string[]): boolean {
  return (
    pattern.length === steps.length &&
    pattern.every((step, index) => step.startsWith('{') || step === steps[index])
  )
}

function isLines(headers: { [name: string]: unknown }): boolean {
  return String(headers['content-type']).includes('jsonl')
}
