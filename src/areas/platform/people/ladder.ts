import { createHash } from 'node:crypto'
import ipaddr from 'ipaddr.js'
import { Problem } from '../../../kernel/problem.ts'
import type { PeopleContext } from './context.ts'

type Query = Pick<PeopleContext, 'query'>

/** Whom guesses are counted against. A person is one, and so is an address that nobody has: they cannot be told apart. */
export function subjectsOf(person: { id: string } | undefined, login: string, address: string): string[] {
  const account = person ? person.id : createHash('sha256').update(login).digest('base64url')
  return [`account:${account}`, `address:${network(address)}`]
}

/** An address; of IPv6 the /64, which one household has whole. */
function network(address: string): string {
  if (!ipaddr.isValid(address)) return address
  const parsed = ipaddr.process(address)
  return parsed.kind() === 'ipv6'
    ? parsed.toNormalizedString().split(':').slice(0, 4).join(':')
    : parsed.toString()
}

/**
 * Counts one more guess before it is looked at, in the database, so that guesses side by side and on other processes count,
 * too. From the fifth in a row on, everybody waits: 30 s, doubling to an hour (429). After 100 only a new password helps.
 */
export async function charge({ query }: Query, subjects: readonly string[]): Promise<void> {
  const charged = await query(
    `insert into sign_in_attempt as a (subject, failures) select subject, 1 from unnest($1::text[]) subject order by subject
on conflict (subject) do update set
  failures = serai_failures(a), updated_at = clock_timestamp(),
  wait_until = case when serai_failures(a) >= 5 then clock_timestamp() + make_interval(secs => least(3600, 30 * 2 ^ least(serai_failures(a) - 5, 7))) end
where coalesce(a.wait_until <= clock_timestamp(), true) and (a.failures < 100 or a.subject like 'address:%')
returning subject`,
    [subjects],
  )
  if (charged.length === subjects.length) return
  const [{ seconds }] = await query<{ seconds: number }>(
    `select coalesce(ceil(extract(epoch from max(wait_until) - clock_timestamp())), 3600)::int as seconds
from sign_in_attempt where subject = any($1)`,
    [subjects],
  )
  throw wait(Math.max(1, seconds))
}

/** It was no guess: the account begins anew, and the address gets its one back. */
export async function forgive({ query }: Query, subjects: readonly string[]): Promise<void> {
  await query(`delete from sign_in_attempt where subject = any($1) and subject like 'account:%'`, [subjects])
  await refund({ query }, subjects)
}

/** Takes back one guess; what was waited for is over when fewer than five are left. */
export async function refund({ query }: Query, subjects: readonly string[]): Promise<void> {
  await query(
    `update sign_in_attempt set failures = greatest(failures - 1, 0), wait_until = case when failures - 1 >= 5 then wait_until end
where subject = any($1)`,
    [subjects],
  )
}

function wait(seconds: number): Problem {
  const problem = new Problem(
    429,
    'sign_in.wait',
    'Too many tries',
    `Too many tries went wrong. Try again in ${seconds} s, or ask for a new password.`,
  )
  problem.retryAfterSeconds = seconds
  return problem
}
