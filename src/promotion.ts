import { stat } from 'node:fs/promises'
import { isIP } from 'node:net'
import { resolve } from 'node:path'
import type { Promotion } from './doors/services.ts'
import { type House, openHouse } from './house.ts'
import type { Actor } from './kernel/actor.ts'
import type { Area } from './kernel/area.ts'
import { badRequest, conflict, notFound } from './kernel/problem.ts'
import { guardedFetch } from './ports/fetch-guarded.ts'
import { readSettings } from './settings.ts'
import { migrationStatus } from './store/migrate.ts'
import { planPromotion } from './work/promotion/promote.ts'
import { remoteTarget } from './work/promotion/remote.ts'
import { houseTarget, type PromotionTarget } from './work/promotion/target.ts'

/** The other side may judge and write for minutes before it answers. */
const ANSWER_MS = 30 * 60_000

export type PromotionPlace = { to: string; database?: string; token?: string }

/** Opens the way to another installation: a home on this machine, or the address of a running Serai. */
export async function openPromotion(
  house: House,
  areas: readonly Area[],
  actor: Actor,
  place: PromotionPlace,
  home: string,
): Promise<Promotion> {
  const isAddress = /^https?:\/\//.test(place.to)
  const { target, close } = isAddress ? await openAddress(place) : await openHome(areas, actor, place, home)
  const { engine, services } = house
  const from = { engine, actor, folder: resolve(home, 'downloads'), environment: services.environment }
  return {
    place: target.place,
    environment: target.environment,
    plan: (request) => planPromotion(from, target, request),
    apply: (id, reason) => target.apply(id, reason),
    cancel: (id) => target.cancel(id),
    close,
  }
}

type Opened = { target: PromotionTarget; close(): Promise<void> }

async function openAddress({ to, token }: PromotionPlace): Promise<Opened> {
  if (!token)
    throw badRequest(
      'usage',
      'A Serai at an address needs a token of its own: --token, or SERAI_PROMOTE_TOKEN.',
    )
  const url = URL.parse(to)
  if (!url) throw badRequest('usage', `--to is "${to}", which is not an address.`)
  if (url.protocol === 'http:' && !isLoopback(url.hostname))
    throw badRequest('usage', `${url.origin} would get the token unencrypted. Use https.`)
  // Whoever runs this command named the address, so that it may be one of their own network.
  const fetch = guardedFetch({ allow: [url.origin], headMs: ANSWER_MS })
  return { target: await remoteTarget(fetch, url.origin, token), close: async () => undefined }
}

function isLoopback(hostname: string): boolean {
  return (
    hostname === 'localhost' || hostname === '[::1]' || (isIP(hostname) === 4 && hostname.startsWith('127.'))
  )
}

async function openHome(
  areas: readonly Area[],
  actor: Actor,
  { to, database }: PromotionPlace,
  home: string,
): Promise<Opened> {
  const folder = resolve(to)
  if (folder === home) throw badRequest('usage', `${folder} is this house itself. Name another one.`)
  if (!(await stat(folder).catch(() => null))?.isDirectory())
    throw notFound(
      `There is no Serai in ${folder}. Make one there first: SERAI_HOME=${folder} serai migrate up`,
    )
  const settings = readSettings(
    { SERAI_HOME: folder, ...(database ? { DATABASE_URL: database } : {}) },
    folder,
  )
  const other = await openHouse(settings, areas, { migrate: false })
  try {
    const pending = (await migrationStatus(other.cluster.connection)).filter((state) => !state.applied_at)
    if (pending.length)
      throw conflict(
        'promotion.release',
        `${folder} is of another release: run "serai migrate up" there first.`,
      )
  } catch (error) {
    await other.close()
    throw error
  }
  return { target: houseTarget(other.imports, actor, folder), close: () => other.close() }
}
