import ipaddr from 'ipaddr.js'

type Range = ReturnType<typeof ipaddr.parseCIDR>

/** A range in CIDR notation (RFC 4632, RFC 4291), or one address; undefined for anything else. */
export function parseRange(text: string): Range | undefined {
  try {
    const range = ipaddr.parseCIDR(text.includes('/') ? text : `${text}/${text.includes(':') ? 128 : 32}`)
    // 10.1 and 0x0a.1.1.1 are addresses to a library, and not what people mean.
    return text.includes(':') || /^\d+(\.\d+){3}(\/\d+)?$/.test(text) ? range : undefined
  } catch {
    return undefined
  }
}

/** Whether an address lies in one of the ranges. IPv4 in the clothes of IPv6 counts as what it is. */
export function isWithin(address: string, ranges: readonly string[]): boolean {
  if (!ipaddr.isValid(address)) return false
  const own = ipaddr.process(address)
  return ranges.some((text) => {
    const range = parseRange(text)
    return range !== undefined && range[0].kind() === own.kind() && own.match(range)
  })
}
