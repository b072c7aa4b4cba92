import type { FastifyRequest } from 'fastify'

/** Whether a request comes from elsewhere. A proxy on this machine speaks for others: what it forwards is not local. */
export function notThisMachine({ ip, headers }: FastifyRequest): boolean {
  const local = ip === '::1' || ip.startsWith('127.') || ip.startsWith('::ffff:127.')
  return !local || Boolean(headers.forwarded || headers['x-forwarded-for'] || headers['x-real-ip'])
}
