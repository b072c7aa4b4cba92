import ipaddr from 'ipaddr.js'

/** Addresses that look public and are not: the metadata service of a large cloud. */
const METADATA = new Set(['168.63.129.16'])
/** The only IPv6 space that is given out to the public (RFC 4291); compatible, translated and local forms lie outside it. */
const GLOBAL_IPV6 = ipaddr.IPv6.parseCIDR('2000::/3')

/**
 * True for an address of the public internet. Everything in the special-purpose registries (RFC 6890) is refused: private,
 * loopback, link-local, carrier NAT, multicast, documentation, benchmarks, 6to4, Teredo, NAT64 and IPv4 inside IPv6.
 */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address) || METADATA.has(address)) return false
  const parsed = ipaddr.parse(address)
  if (parsed.range() !== 'unicast') return false
  return parsed instanceof ipaddr.IPv4 || parsed.match(GLOBAL_IPV6)
}

/** The host of a URL as an address, without brackets; null when it is a name. */
export function literalAddress(hostname: string): string | null {
  const bare = hostname.replace(/^\[(.*)\]$/, '$1')
  return ipaddr.isValid(bare) ? bare : null
}
