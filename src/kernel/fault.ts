/**
 * One thing that is wrong (or doubtful) with a value: where, which rule, what was found and how to mend it.
 * `path` is a field path such as `pricing[1].price_aed`; empty for the whole record.
 */
export type Fault = {
  path: string
  /** stable identifier of the rule, `field.rule`, for machines: `price.precision`. */
  code: string
  /** for people: what was found, what is allowed. */
  detail: string
  /** the value as it was given, cut to 200 characters. */
  raw?: string
  /** what the person probably meant. */
  suggestion?: string
}

const RAW_CHARACTERS_MAX = 200

/** A fault at `path`; `raw` is shortened for display. */
export function fault(path: string, code: string, detail: string, raw?: unknown, suggestion?: string): Fault {
  return {
    path,
    code,
    detail,
    ...(raw === undefined ? {} : { raw: shorten(raw) }),
    ...(suggestion ? { suggestion } : {}),
  }
}

/** Any value as short text for a message. */
export function shorten(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value))
  return text.length > RAW_CHARACTERS_MAX ? `${text.slice(0, RAW_CHARACTERS_MAX).toWellFormed()}…` : text
}

/** `pricing[1].price` → `/pricing/1/price` (RFC 6901). */
export function pointer(path: string): string {
  if (path === '') return ''
  const steps = path
    .replaceAll(/\[(\d+)\]/g, '.$1')
    .replace(/^\./, '')
    .split('.')
  return `/${steps.map((step) => step.replaceAll('~', '~0').replaceAll('/', '~1')).join('/')}`
}
