import type { WebSocket } from 'ws'
import type { LiveLimits } from './limits.ts'

/**
 * Sends a message; resolves at once while little waits on the socket, otherwise when it has been handed over. False when
 * that takes too long: the peer does not read.
 */
export async function sendJson(
  socket: WebSocket,
  message: object,
  { bufferBytes, stallMs }: LiveLimits,
): Promise<boolean> {
  if (socket.readyState !== socket.OPEN) return true // whoever closed it ends the subscriptions
  const handedOver = new Promise<true>((resolve) => {
    socket.send(JSON.stringify(message), () => resolve(true))
  })
  if (socket.bufferedAmount <= bufferBytes) return true
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), stallMs)
  })
  return Promise.race([handedOver, late]).finally(() => clearTimeout(timer))
}
