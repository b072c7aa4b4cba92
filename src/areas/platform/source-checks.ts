import { Cron } from 'croner'
import { type Fault, fault } from '../../kernel/fault.ts'
import type { Row } from '../../kernel/field.ts'

/** Request headers that a source may not set: the connection's own, and those that hold secrets. */
const RESERVED =
  /^(host|connection|content-length|transfer-encoding|upgrade|te|trailer|authorization|cookie|proxy-.*)$/i
const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/
const HEADER_VALUE = /^[\x20-\x7e]{0,4000}$/
const HEADERS_MAX = 20

/** Everything that is wrong with a source as a whole. Whether its place can be reached is for `check` to say. */
export function checkSource(source: Row): Fault[] {
  return [...placeFaults(source), ...scheduleFaults(source), ...headerFaults(source)]
}

function placeFaults({ kind, location, pattern, headers, auth_header: secret }: Row): Fault[] {
  if (kind === 'folder')
    return [
      ...(String(location).startsWith('/')
        ? []
        : [fault('location', 'location.folder', 'must be the whole path of a folder, such as /srv/feeds')]),
      ...(headers || secret
        ? [fault('headers', 'headers.folder', 'belongs to https sources; a folder takes none')]
        : []),
    ]
  return [
    ...addressFaults(String(location)),
    ...(pattern
      ? [fault('pattern', 'pattern.https', 'belongs to folder sources; an address is one file')]
      : []),
  ]
}

function addressFaults(location: string): Fault[] {
  const url = URL.parse(location)
  if (!url || !/^https?:$/.test(url.protocol))
    return [
      fault('location', 'location.address', 'must be an address such as https://feeds.example/prices.csv'),
    ]
  if (url.username || url.password)
    return [fault('location', 'location.credentials', 'must not hold a name or password; use auth_header')]
  return []
}

function scheduleFaults({ cron, every_minutes: minutes, time_zone: zone }: Row): Fault[] {
  const faults: Fault[] = []
  if (cron && minutes)
    faults.push(fault('cron', 'cron.both', 'and every_minutes are both given; a source has one schedule'))
  if (!Intl.supportedValuesOf('timeZone').includes(String(zone)) && zone !== 'UTC')
    faults.push(fault('time_zone', 'time_zone.unknown', 'is not a time zone; one is Asia/Dubai', zone))
  if (cron) faults.push(...cronFaults(String(cron)))
  return faults
}

function cronFaults(cron: string): Fault[] {
  try {
    if (new Cron(cron, { mode: '5-part' }).nextRun()) return []
    return [fault('cron', 'cron.never', 'names a day that never comes', cron)]
  } catch (error) {
    const { message } = error as Error
    return [fault('cron', 'cron.syntax', `is not a cron line of five fields (${message})`, cron)]
  }
}

function headerFaults({ headers, auth_header: secret }: Row): Fault[] {
  const entries = Object.entries((headers ?? {}) as Row)
  const faults = entries.flatMap(([name, value]) => {
    if (RESERVED.test(name)) return [fault(`headers.${name}`, 'headers.reserved', 'cannot be set here')]
    const fits = HEADER_NAME.test(name) && typeof value === 'string' && HEADER_VALUE.test(value)
    return fits
      ? []
      : [fault(`headers.${name}`, 'headers.value', 'must be a header name with plain ASCII text')]
  })
  if (entries.length > HEADERS_MAX)
    faults.push(fault('headers', 'headers.count', `has more than ${HEADERS_MAX} headers`))
  if (secret && !HEADER_VALUE.test(String(secret)))
    faults.push(fault('auth_header', 'auth_header.value', 'must be plain ASCII text'))
  return faults
}
