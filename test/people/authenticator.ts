import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'

/** A software authenticator (WebAuthn level 3, ES256, attestation `none`): what a browser would answer with. */
export function softAuthenticator(rpId: string) {
  const id = randomBytes(16)
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  let counter = 0
  return {
    id: id.toString('base64url'),
    setCounter(value: number) {
      counter = value
    },
    register(options: { challenge: string }, origin: string, verified = true) {
      const client = clientData('webauthn.create', options.challenge, origin)
      const data = Buffer.concat([authData(rpId, counter, verified, true), attested(id, publicKey)])
      const attestation = map([
        [text('fmt'), text('none')],
        [text('attStmt'), map([])],
        [text('authData'), bytes(data)],
      ])
      return {
        id: id.toString('base64url'),
        rawId: id.toString('base64url'),
        type: 'public-key',
        clientExtensionResults: {},
        response: {
          clientDataJSON: client.toString('base64url'),
          attestationObject: attestation.toString('base64url'),
          transports: ['internal'],
        },
      }
    },
    answer(options: { challenge: string }, origin: string, { verified = true, counts = true } = {}) {
      if (counts) counter++
      const client = clientData('webauthn.get', options.challenge, origin)
      const data = authData(rpId, counter, verified, false)
      return {
        id: id.toString('base64url'),
        rawId: id.toString('base64url'),
        type: 'public-key',
        clientExtensionResults: {},
        response: {
          clientDataJSON: client.toString('base64url'),
          authenticatorData: data.toString('base64url'),
          signature: signed(privateKey, Buffer.concat([data, sha256(client)])),
        },
      }
    },
  }
}

function clientData(type: string, challenge: string, origin: string): Buffer {
  return Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin: false }))
}

const USER_PRESENT = 0x01
const USER_VERIFIED = 0x04
const ATTESTED = 0x40

function authData(rpId: string, counter: number, verified: boolean, attests: boolean): Buffer {
  const flags = USER_PRESENT | (verified ? USER_VERIFIED : 0) | (attests ? ATTESTED : 0)
  const tail = Buffer.alloc(5)
  tail.writeUInt8(flags, 0)
  tail.writeUInt32BE(counter, 1)
  return Buffer.concat([sha256(Buffer.from(rpId)), tail])
}

/** AAGUID, length of the id, the id, and the key as COSE (RFC 9052: EC2, ES256, P-256). */
function attested(id: Buffer, key: KeyObject): Buffer {
  const { x, y } = key.export({ format: 'jwk' })
  const length = Buffer.alloc(2)
  length.writeUInt16BE(id.length)
  const cose = map([
    [integer(1), integer(2)],
    [integer(3), integer(-7)],
    [integer(-1), integer(1)],
    [integer(-2), bytes(Buffer.from(x!, 'base64url'))],
    [integer(-3), bytes(Buffer.from(y!, 'base64url'))],
  ])
  return Buffer.concat([Buffer.alloc(16), length, id, cose])
}

function signed(key: KeyObject, data: Buffer): string {
  return sign('sha256', data, key).toString('base64url')
}

function sha256(data: Buffer): Buffer {
  return createHash('sha256').update(data).digest()
}

// As much of CBOR (RFC 8949) as an authenticator speaks.
function head(major: number, length: number): Buffer {
  if (length < 24) return Buffer.from([(major << 5) | length])
  if (length < 256) return Buffer.from([(major << 5) | 24, length])
  return Buffer.from([(major << 5) | 25, length >> 8, length & 0xff])
}
const integer = (value: number) => (value < 0 ? head(1, -1 - value) : head(0, value))
const bytes = (data: Buffer) => Buffer.concat([head(2, data.length), data])
const text = (value: string) => Buffer.concat([head(3, value.length), Buffer.from(value)])
const map = (pairs: [Buffer, Buffer][]) => Buffer.concat([head(5, pairs.length), ...pairs.flat()])
