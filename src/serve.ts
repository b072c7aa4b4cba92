import type { FastifyInstance } from 'fastify'
import { type Logger, pino } from 'pino'
import { createHttp } from './doors/http.ts'
import { cookiesFor } from './doors/identity/cookie.ts'
import type { House } from './house.ts'
import type { Actor } from './kernel/actor.ts'
import type { Area } from './kernel/area.ts'
import { originOfHouse } from './people.ts'
import type { Settings } from './settings.ts'
import { startFollowers } from './work/follow.ts'
import { housekeeping } from './work/housekeeping.ts'
import { startRunner } from './work/runner.ts'
import { sourceJobs } from './work/sources/jobs.ts'

/** What runs until it is stopped. `url` is null for a worker without doors. */
export type Running = { url: string | null; log: Logger; stop(): Promise<void> }

/** Opens the HTTP door and does the work behind it; without `areas` the work is left to other processes. */
export async function startServing(
  house: House,
  areas: readonly Area[] | null,
  settings: Settings,
  authenticate: (token: string, address?: string) => Promise<Actor | null>,
  routes: (app: FastifyInstance) => void = () => undefined,
): Promise<Running> {
  const log = pino({ level: settings.logLevel }, pino.destination({ dest: 2, sync: false }))
  const { warning, ...cookies } = cookiesFor(originOfHouse(settings), settings.plainCookies)
  if (warning) log.warn(warning)
  const app = await createHttp({
    services: house.services,
    authenticate,
    logger: log,
    cookies,
    routes,
    ready: () => readiness(house),
  })
  const url = await listen(app, settings)
  const work = areas ? await startWork(house, areas, log) : async () => undefined
  return {
    url,
    log,
    async stop() {
      await house.services.feed.stop()
      await app.close()
      await work()
    },
  }
}

/** Only the work behind the doors: jobs, schedules, followers. */
export async function startWorking(
  house: House,
  areas: readonly Area[],
  settings: Settings,
): Promise<Running> {
  const log = pino({ level: settings.logLevel }, pino.destination({ dest: 2, sync: false }))
  const stop = await startWork(house, areas, log)
  return { url: null, log, stop }
}

async function startWork(house: House, areas: readonly Area[], log: Logger): Promise<() => Promise<void>> {
  const { engine, pool, backups } = house
  const daily = housekeeping(
    pool,
    [...engine.resources.values()],
    async () => void (await backups.take('scheduled', { reuse: true, verify: true })),
  )
  const sources = sourceJobs(house.sources(log))
  const jobs = [...daily.jobs, ...sources.jobs, ...areas.flatMap((area) => area.jobs ?? [])]
  const schedules = [
    ...daily.schedules,
    ...sources.schedules,
    ...areas.flatMap((area) => area.schedules ?? []),
  ]
  const runner = await startRunner({ engine, pool, jobs, schedules, log, meters: house.meters })
  const followers = startFollowers(
    engine,
    areas.flatMap((area) => area.followers ?? []),
    log,
  )
  house.wake.onWake(followers.wake)
  house.wake.listen()
  return async () => {
    await followers.stop()
    await runner.stop()
  }
}

async function listen(app: FastifyInstance, { host, port }: Settings): Promise<string> {
  try {
    return await app.listen({ host, port })
  } catch (error) {
    await app.close()
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EADDRINUSE')
      throw new Error(
        `Port ${port} of ${host} is in use. Stop what uses it, or choose another: PORT=7701 npm start`,
      )
    if (code === 'EACCES')
      throw new Error(
        `Port ${port} of ${host} may not be opened by this user. Choose one above 1023: PORT=7701 npm start`,
      )
    throw error
  }
}

/** Ready when the database answers. */
async function readiness({ pool }: House): Promise<{ ok: boolean; checks: Record<string, string> }> {
  try {
    await pool.query('select 1')
    return { ok: true, checks: { database: 'ok' } }
  } catch (error) {
    return { ok: false, checks: { database: (error as Error).message } }
  }
}
