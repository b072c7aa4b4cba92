import { json } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import type { PlannedRow } from '../../engine/types.ts'
import type { Row } from '../../kernel/field.ts'
import { Problem, type Status } from '../../kernel/problem.ts'
import { type Fetch, FetchError, type FetchRequest } from '../../ports/fetch.ts'
import type { PromotionTarget } from './target.ts'

const ANSWER_BYTES_MAX = 64 * 1024 ** 2
const POLL_MS = 500
/** How long the other side may take to plan. */
const PLANNING_MS = 30 * 60_000

type Answer = { status: number; body: Row; environment: string | null }

/** A Serai that is reached over HTTP, with a token of its own; it says itself which environment it is. */
export async function remoteTarget(fetch: Fetch, origin: string, token: string): Promise<PromotionTarget> {
  const call = async (path: string, request: Partial<FetchRequest> = {}): Promise<Answer> => {
    const { status, headers, body } = await fetch({
      url: `${origin}${path}`,
      bytesMax: ANSWER_BYTES_MAX,
      ...request,
      secretHeaders: { authorization: `Bearer ${token}` },
    })
    const answer = (await json(body).catch(() => null)) as Row | null
    if (answer === null) throw new FetchError('promotion.answer', `${origin} does not answer like a Serai.`)
    if (status >= 400) throw refusal(origin, status, answer)
    return { status, body: answer, environment: headers['x-serai-environment'] ?? null }
  }
  const { environment } = await call('/livez')

  async function planned(id: string): Promise<Row> {
    for (const until = Date.now() + PLANNING_MS; Date.now() < until; await sleep(POLL_MS)) {
      const { body } = await call(`/api/imports/${id}`)
      if (body.state === 'planned') return body
      if (body.state === 'failed') throw refusal(origin, 422, { detail: body.failure })
    }
    throw new FetchError('promotion.late', `${origin} has not planned the import ${id} yet.`)
  }

  return {
    place: origin,
    environment,
    async plan({ resource, fileName, body, options }) {
      const { mode, maxRemovalShare: share } = options
      const parameters = new URLSearchParams({
        resource,
        name: fileName,
        format: 'jsonl',
        ...(mode ? { mode } : {}),
        ...(share === undefined ? {} : { max_removal_share: String(share) }),
      })
      const headers = { 'content-type': 'application/jsonl' }
      const answer = await call(`/api/imports?${parameters}`, { method: 'POST', headers, body })
      return answer.status === 202 ? planned(String(answer.body.id)) : answer.body
    },
    async rows(id, verdict, limit) {
      const { body } = await call(`/api/imports/${id}/rows?verdict=${verdict}&limit=${limit}`)
      return body.items as PlannedRow[]
    },
    async apply(id, reason) {
      const parameters = new URLSearchParams({ reason })
      return (await call(`/api/imports/${id}/apply?${parameters}`, { method: 'POST' })).body
    },
    cancel: async (id) => void (await call(`/api/imports/${id}/cancel`, { method: 'POST' })),
  }
}

function refusal(origin: string, status: number, { detail, title }: Row): Problem {
  const known = ([400, 401, 403, 404, 409, 413, 422, 429, 503, 507] as Status[]).find(
    (each) => each === status,
  )
  return new Problem(
    known ?? 422,
    'promotion.refused',
    'Refused by the target',
    `${origin} answered ${status}: ${detail ?? title ?? 'no reason given'}`,
  )
}
