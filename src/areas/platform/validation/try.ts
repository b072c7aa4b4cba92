import type { Action } from '../../../kernel/action.ts'
import type { Row } from '../../../kernel/field.ts'
import { f } from '../../../kernel/fields/index.ts'
import { invalid } from '../../../kernel/problem.ts'
import { keyLabel } from '../../../kernel/resource.ts'
import type { ValidationRule } from '../../../kernel/validation.ts'

/** Live records that a trial looks at, and refused ones that it lists. */
export const TRIED_RECORDS_MAX = 100_000
export const LISTED_RECORDS_MAX = 100

type Refused = { id: unknown; key: string; detail: string }

/** Says what the rule would do to the records that are there, whatever its mode; nothing is changed. */
export const tryRule: Action = {
  description: 'Says which of the live records the rule would refuse. Nothing is changed.',
  effect: 'read',
  on: 'records',
  input: {
    show: f.number({
      integer: true,
      min: 0,
      max: LISTED_RECORDS_MAX,
      default: 10,
      description: 'how many refused records to list',
    }),
  },
  async run(rows, { input }, tx, model) {
    if (rows.length > 1) throw invalid([], `Try one rule at a time; ${rows.length} were named.`)
    const rule = rows[0] as unknown as ValidationRule
    const about = model.resource(rule.resource)
    const compiled = model.rule(rule)
    const refused: Refused[] = []
    let [judged, wouldRefuse] = [0, 0]
    for await (const chunk of tx.rows(rule.resource)) {
      for (const record of chunk) {
        const finding = compiled.judge(record, record)
        if (!finding) continue
        wouldRefuse++
        if (refused.length < (input.show as number))
          refused.push({ id: record.id, key: keyLabel(about, record), detail: finding.detail })
      }
      judged += chunk.length
      if (judged >= TRIED_RECORDS_MAX) break
    }
    return { answer: answerOf(rule, about.plural, judged, wouldRefuse, refused) }
  },
}

function answerOf(
  { severity, resource }: ValidationRule,
  plural: string,
  judged: number,
  wouldRefuse: number,
  refused: Refused[],
): Row {
  const verb = severity === 'error' ? 'rejected' : 'warned of'
  const capped = judged >= TRIED_RECORDS_MAX
  return {
    summary: `would have ${verb} ${wouldRefuse} of ${judged} ${judged === 1 ? resource : plural}${capped ? ' (no more were looked at)' : ''}`,
    would_refuse: wouldRefuse,
    judged,
    capped,
    refused,
  }
}
