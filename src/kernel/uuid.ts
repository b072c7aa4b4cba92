const SEQUENCE_BITS = 12
const SEQUENCE_MAX = 2 ** SEQUENCE_BITS - 1
const RANDOM_BYTES = 8
const POOL_BYTES = 4096

const pool = new Uint8Array(POOL_BYTES)
let used = POOL_BYTES
let lastMs = 0
let sequence = 0

/**
 * A UUIDv7 (RFC 9562, method 1 of section 6.2): ids made by one process sort in the order they were made, also
 * thousands within one millisecond, so that new rows keep the order of their file and land at the end of the index.
 */
export function uuidv7(nowMs = Date.now()): string {
  advance(nowMs)
  if (used + RANDOM_BYTES > POOL_BYTES) {
    crypto.getRandomValues(pool)
    used = 0
  }
  let random = ''
  for (let index = 0; index < RANDOM_BYTES; index++) random += hex(pool[used++], 2)
  const variant = ((Number.parseInt(random[0], 16) & 0x3) | 0x8).toString(16)
  const time = hex(lastMs, 12)
  return `${time.slice(0, 8)}-${time.slice(8)}-7${hex(sequence, 3)}-${variant}${random.slice(1, 4)}-${random.slice(4)}`
}

// The clock may stand still or step back; the sequence carries on, and spills into the next millisecond.
function advance(nowMs: number): void {
  if (nowMs > lastMs) {
    lastMs = nowMs
    sequence = 0
  } else if (sequence < SEQUENCE_MAX) sequence++
  else {
    lastMs++
    sequence = 0
  }
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0')
}
