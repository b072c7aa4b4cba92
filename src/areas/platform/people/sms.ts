import type { Row } from '../../../kernel/field.ts'
import { Problem } from '../../../kernel/problem.ts'
import { inNameOf, type PeopleContext, type PersonRow, type Visitor } from './context.ts'

/** Minutes that a code lives. */
export const CODE_MINUTES = 5

/** Has a code sent to the phone of a factor. At most one a minute, 5 an hour and 10 a day go to one phone; then 429. */
export async function sendSmsCode(
  people: PeopleContext,
  person: Pick<PersonRow, 'id' | 'name'>,
  factor: { id: string; phone: string },
  visitor: Visitor,
): Promise<Row> {
  await requireTurn(people, factor.phone)
  await people.perform({
    actor: inNameOf(person, visitor),
    resource: 'factor',
    action: 'send_code',
    targets: [factor.id],
    requestId: visitor.requestId,
  })
  return { sent_to: `…${factor.phone.slice(-2)}`, expires_in: CODE_MINUTES * 60 }
}

async function requireTurn({ query }: PeopleContext, phone: string): Promise<void> {
  const sent = await query(
    `insert into sms_send as s (phone, sends) values ($1, array[clock_timestamp()])
on conflict (phone) do update set sends = array(select t from unnest(s.sends) t where t > clock_timestamp() - interval '1 day') || clock_timestamp()
where not exists (select from unnest(s.sends) t where t > clock_timestamp() - interval '60 s')
  and (select count(*) from unnest(s.sends) t where t > clock_timestamp() - interval '1 hour') < 5
  and (select count(*) from unnest(s.sends) t where t > clock_timestamp() - interval '1 day') < 10
returning phone`,
    [phone],
  )
  if (sent.length) return
  const [{ seconds }] = await query<{ seconds: number }>(
    `select ceil(extract(epoch from greatest(max(t) + interval '60 s',
  (select x from unnest(s.sends) x order by x desc offset 4 limit 1) + interval '1 hour',
  (select x from unnest(s.sends) x order by x desc offset 9 limit 1) + interval '1 day') - clock_timestamp()))::int as seconds
from sms_send s, unnest(s.sends) t where phone = $1 group by s.sends`,
    [phone],
  )
  const problem = new Problem(
    429,
    'sms.wait',
    'Too many messages',
    `A code was sent a moment ago. Another one can be sent in ${Math.max(1, seconds)} s.`,
  )
  problem.retryAfterSeconds = Math.max(1, seconds)
  throw problem
}
