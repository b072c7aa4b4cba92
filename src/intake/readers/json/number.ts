/** Longer numbers are refused unread: an exponent of a million digits is an attack, not a price. */
const CHARACTERS_MAX = 1_000
const SHOWN_CHARACTERS_MAX = 40

/** Why a JSON number cannot be taken, or nothing when a double holds its decimal value exactly. */
export function judgeNumber(text: string): { code: string; detail: string } | undefined {
  const value = Number(text)
  if (!Number.isFinite(value))
    return { code: 'number.overflow', detail: `the number ${shown(text)} is too large` }
  if (text.length <= CHARACTERS_MAX && canonical(text) === canonical(String(value))) return undefined
  const detail = `the number ${shown(text)} has more digits than are kept (it would become ${value}); write it as text in quotes or shorten it`
  return { code: 'number.precision', detail }
}

/** `-012.50e3` and `-12500` are one number: sign, digits without zeros at either end, and the power of ten. */
function canonical(text: string): string {
  const [, sign, whole, fraction = '', exponent = '0'] = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i.exec(
    text,
  )!
  const digits = (whole + fraction).replace(/^0+/, '')
  const trimmed = withoutZerosAtEnd(digits)
  if (trimmed === '') return '0'
  const power = BigInt(exponent) - BigInt(fraction.length) + BigInt(digits.length - trimmed.length)
  return `${sign}${trimmed}e${power}`
}

/** Not a regular expression: `/0+$/` is quadratic on a long run of zeros that does not end the text. */
function withoutZerosAtEnd(digits: string): string {
  let end = digits.length
  while (end > 0 && digits[end - 1] === '0') end--
  return digits.slice(0, end)
}

function shown(text: string): string {
  return text.length > SHOWN_CHARACTERS_MAX ? `${text.slice(0, SHOWN_CHARACTERS_MAX)}…` : text
}
