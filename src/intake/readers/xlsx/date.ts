/** What a number format makes of a number: a day, a time of day, or hours that go on counting past 24. */
export type DateKind = 'date' | 'time' | 'elapsed'

/** Number formats that every program knows without their text (ECMA-376-1, 18.8.30; 27–36 and 50–58 are East Asian dates). */
const BUILT_IN: [from: number, to: number, kind: DateKind][] = [
  [14, 17, 'date'],
  [18, 21, 'time'],
  [22, 22, 'date'],
  [27, 36, 'date'],
  [45, 45, 'time'],
  [46, 46, 'elapsed'],
  [47, 47, 'time'],
  [50, 58, 'date'],
]
/** Text in quotes, escaped and padding characters, colours, conditions and locales: not part of the pattern. */
const NOT_PATTERN = /"[^"]*"|\\.|[_*].|\[(?!h+\]|m+\]|s+\])[^\]]*\]/gi
const DAY_MS = 86_400_000
const DAY_SECONDS = 86_400
/** Serial of 9999-12-31, the last day a spreadsheet has. */
const SERIAL_MAX = 2_958_465
/** Lotus 1-2-3 took 1900 for a leap year and Excel keeps it: serial 60 is a day that never was. */
const FALSE_LEAP_DAY = 60
/** Serial of 1904-01-01, where the other way of counting begins. */
const DAYS_1904 = 1_462

/** Kind of a built-in number format. */
export function builtInKind(id: number): DateKind | undefined {
  return BUILT_IN.find(([from, to]) => id >= from && id <= to)?.[2]
}

/** Kind of a number format by its text: `yyyy-mm-dd`, `h:mm AM/PM`, `[h]:mm`. */
export function formatKind(format: string): DateKind | undefined {
  const pattern = format.replaceAll(NOT_PATTERN, '').split(';')[0].toLowerCase()
  if (/\[[hms]+\]/.test(pattern)) return 'elapsed'
  if (/[yd]/.test(pattern)) return 'date'
  if (/[hs]/.test(pattern)) return 'time'
  return pattern.includes('m') ? 'date' : undefined
}

/**
 * A serial number as text: `2026-10-01`, `2026-10-01T14:30:00` when there is a time, `14:30:00` for a time of day. Undefined when
 * it names no real day.
 */
export function dateText(serial: number, kind: DateKind, from1904: boolean): string | undefined {
  if (!(serial >= 0 && serial < SERIAL_MAX + 1)) return undefined
  const all = Math.round(serial * DAY_SECONDS)
  const days = Math.floor(all / DAY_SECONDS)
  const seconds = all - days * DAY_SECONDS
  if (kind === 'elapsed' || (kind === 'time' && days === 0)) return clock(all)
  const day = dayText(days, from1904)
  return day === undefined || seconds === 0 ? day : `${day}T${clock(seconds)}`
}

function dayText(days: number, from1904: boolean): string | undefined {
  if (from1904)
    return days + DAYS_1904 > SERIAL_MAX ? undefined : isoDay(Date.UTC(1904, 0, 1) + days * DAY_MS)
  if (days === 0 || days === FALSE_LEAP_DAY) return undefined
  const real = days > FALSE_LEAP_DAY ? days - 1 : days
  return isoDay(Date.UTC(1899, 11, 31) + real * DAY_MS)
}

function isoDay(time: number): string {
  return new Date(time).toISOString().slice(0, 10)
}

function clock(seconds: number): string {
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
  return parts.map((part) => String(part).padStart(2, '0')).join(':')
}
