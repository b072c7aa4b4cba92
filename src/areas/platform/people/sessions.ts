import type { Actor } from '../../../kernel/actor.ts'
import {
  inNameOf,
  newSecret,
  type PeopleContext,
  type PersonRow,
  secretOf,
  timeText,
  type Visitor,
} from './context.ts'

const PREFIX = 'srs_'
const SHAPE = /^srs_[A-Za-z0-9_-]{43}$/
const HOUR_S = 3_600
const DAY_MS = 24 * HOUR_S * 1_000
/** Staff (level 2) and above sign in every day; a customer stays for a month. */
const STAFF_LEVEL = 2
const CUSTOMER_DAYS = 30
const AGENT_CHARACTERS = 300
/** Use is written down when it is so much newer than what is written: a write a minute, not one a request. */
const SLIDE_SECONDS = 60
/** After a role begins to require a second factor, so long there is to enrol one. */
const GRACE = '7 days'

const CACHE_MS = 1_000
const CACHE_MAX = 10_000

/** A token that was just made; it is nowhere else. `until` is when it ends in any case, in milliseconds. */
export type NewSession = { token: string; session: string; until: number }
/** What was proved, and when. */
export type Proved = { method: string; at: string }
/** Who holds a session. `mustEnrol`: a role requires a second factor, and the time to add one is over. */
export type SessionActor = Actor & { mustEnrol?: true }

/** Begins a session for somebody who proved who they are. `passwordSetAt`: of the password that was proved. */
export async function beginSession(
  people: PeopleContext,
  person: PersonRow,
  proved: readonly Proved[],
  visitor: Visitor,
  passwordSetAt: string | null,
): Promise<NewSession> {
  const { token, hash, handle } = newSecret(PREFIX)
  const isStaff = person.level >= STAFF_LEVEL
  const until = people.now() + (isStaff ? DAY_MS : CUSTOMER_DAYS * DAY_MS)
  const second = proved.find(({ method }) => method !== 'password' && method !== 'link')
  const { records } = await people.perform({
    actor: inNameOf(person, visitor),
    resource: 'session',
    action: 'create',
    input: {
      handle,
      hash,
      user: person.id,
      factors: proved,
      factor_at: (second ?? proved.at(-1))?.at ?? null,
      address: visitor.address,
      agent: visitor.agent ? oneLine(visitor.agent) : null,
      idle_seconds: isStaff ? HOUR_S : null,
      absolute_until: timeText(until),
      password_set_at: passwordSetAt,
    },
    requestId: visitor.requestId,
  })
  return { token, session: records[0].id as string, until }
}

/** Gives a session a new token after more was proved. */
export async function rotateSession(
  people: PeopleContext,
  person: PersonRow,
  session: string,
  method: string,
  visitor: Visitor,
): Promise<NewSession> {
  const { token, hash, handle } = newSecret(PREFIX)
  const { records } = await people.perform({
    actor: inNameOf(person, visitor),
    resource: 'session',
    action: 'rotate',
    targets: [session],
    input: { handle, hash, method },
    requestId: visitor.requestId,
  })
  return { token, session, until: Date.parse(records[0].absolute_until as string) }
}

type Known = { actor: SessionActor | null; until: number }

/**
 * Who holds a session's token. What was found is remembered for a second, so that a session that ended is refused within a
 * second on every process; `forget` makes it at once on this one.
 */
export function sessionAuthenticator({ query }: Pick<PeopleContext, 'query'>): {
  authenticate(token: string): Promise<SessionActor | null>
  forget(): void
} {
  const known = new Map<string, Known>()
  return {
    forget: () => known.clear(),
    async authenticate(token) {
      if (!SHAPE.test(token)) return null
      const { hash } = secretOf(token)
      const cached = known.get(hash)
      if (cached && cached.until > Date.now()) return cached.actor
      const actor = await lookUp(query, hash)
      if (known.size >= CACHE_MAX) known.clear()
      known.set(hash, { actor, until: Date.now() + CACHE_MS })
      return actor
    },
  }
}

type Found = {
  session: string
  user: string
  name: string
  factor_at: string | null
  roles: string[]
  must_enrol: boolean
  slides: boolean
}

async function lookUp(query: PeopleContext['query'], hash: string): Promise<SessionActor | null> {
  const [row] = await query<Found>(
    `select s.id as session, u.id as "user", u.name, s.factor_at,
  s.idle_until < now() + make_interval(secs => s.idle_seconds - ${SLIDE_SECONDS}) as slides,
  array(select r.name from membership m join role r on r.id = m.role
    where m."user" = u.id and m."from" <= now() and (m.until is null or m.until > now()) and r.archived_at is null order by r.name) as roles,
  coalesce(u.factor_required_since < now() - interval '${GRACE}', false) and not exists (
    select from factor f where f."user" = u.id and f.kind <> 'backup' and f.confirmed_at is not null and f.disabled_at is null) as must_enrol
from session s join "user" u on u.id = s."user"
where s.hash = $1 and s.ended_at is null and s.absolute_until > now() and (s.idle_until is null or s.idle_until > now())
  and u.status = 'active' and u.archived_at is null and (u.sessions_from is null or s.created_at > u.sessions_from)`,
    [hash],
  )
  if (!row) return null
  if (row.slides)
    await query(
      'update session set idle_until = now() + make_interval(secs => idle_seconds) where id = $1 and ended_at is null',
      [row.session],
    )
  return {
    id: `user:${row.user}`,
    name: row.name,
    // Who has to enrol first may do nothing else; without a role every rule says so.
    roles: row.must_enrol ? [] : row.roles,
    user: row.user,
    session: row.session,
    ...(row.factor_at ? { factorAt: Date.parse(row.factor_at) } : {}),
    ...(row.must_enrol ? { mustEnrol: true } : {}),
  }
}

/** What a program says of itself, as one line. */
function oneLine(agent: string): string {
  return agent.replaceAll(/\p{Cc}+/gu, ' ').slice(0, AGENT_CHARACTERS)
}
