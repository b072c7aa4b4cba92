import type { Money } from '../../kernel/fields/money.ts'
import { type Resource, storedFields } from '../../kernel/resource.ts'
import type { Comparison, Rule } from '../../kernel/rule.ts'

const SIGNS: { [operator in Comparison]?: string } = { '=': '==', '<': '<', '<=': '<=', '>': '>', '>=': '>=' }

/**
 * A rule as the condition in CEL that a person would write for it; `parseFilter` understands it as the same rule. Roles
 * have no words there: they are what grants are given to.
 */
export function ruleText(resource: Resource, rule: Rule): string {
  switch (rule.op) {
    case 'all':
      return joined(resource, rule.rules, '&&', 'true')
    case 'any':
      return joined(resource, rule.rules, '||', 'false')
    case 'not':
      return `!(${ruleText(resource, rule.rule)})`
    case 'owns':
    case 'self':
      return `${rule.field} == me`
    case 'role':
      throw new Error(
        `${resource.name}: a condition on records cannot name the roles ${rule.roles.join(', ')}`,
      )
    case 'compare':
      return comparisonText(resource, rule)
  }
}

function joined(resource: Resource, rules: readonly Rule[], between: string, none: string): string {
  if (rules.length === 0) return none
  if (rules.length === 1) return ruleText(resource, rules[0])
  return rules.map((each) => part(resource, each)).join(` ${between} `)
}

function part(resource: Resource, rule: Rule): string {
  const inner = unwrapped(rule)
  const text = ruleText(resource, inner)
  return 'rules' in inner && inner.rules.length > 1 ? `(${text})` : text
}

/** One of one is that one. */
function unwrapped(rule: Rule): Rule {
  return 'rules' in rule && rule.rules.length === 1 ? unwrapped(rule.rules[0]) : rule
}

function comparisonText(resource: Resource, { field, operator, value }: Rule & { op: 'compare' }): string {
  if (value === null && operator !== '=' && operator !== '!=') return 'false'
  switch (operator) {
    // In CEL whatever is missing differs from every value; in a rule it does not.
    case '!=':
      return value === null ? `${field} != null` : `(${field} != null && ${field} != ${literal(value)})`
    case 'in':
      return `${field} in [${(value as unknown[]).map(literal).join(', ')}]`
    case 'contains':
      return storedFields(resource)[field]?.kind === 'list'
        ? `${literal(value)} in ${field}`
        : `${field}.contains(${literal(value)})`
    case 'starts_with':
      return `${field}.startsWith(${literal(value)})`
    case 'overlaps': {
      const { start, end } = value as { start: string; end: string }
      return `${field}.overlaps(${literal(start)}, ${literal(end)})`
    }
    default:
      return `${field} ${SIGNS[operator]} ${literal(value)}`
  }
}

function literal(value: unknown): string {
  const plain =
    typeof value === 'object' && value !== null && 'amount' in value ? (value as Money).amount : value
  return JSON.stringify(plain)
}
