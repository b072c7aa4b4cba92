import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openDoor } from './http/testing.ts'
import { toy, toyTable } from './http/toy.testing.ts'

type Json = { [member: string]: unknown }
type Operation = {
  operationId: string
  parameters?: { name: string; in: string; required?: boolean; schema: Json }[]
  requestBody?: { content: Json }
  responses: { [status: string]: Json }
}

async function documentOf(t: Parameters<typeof openDoor>[0]) {
  const { send, app } = await openDoor(t, { resources: [toy], tables: toyTable })
  const { body } = await send('GET', '/api/openapi.json')
  return { document: body, app, send }
}

function* operationsOf(document: { paths: Json }): Generator<[string, string, Operation]> {
  for (const [path, methods] of Object.entries(document.paths))
    for (const [method, operation] of Object.entries(methods as { [method: string]: Operation }))
      yield [path, method, operation]
}

function* references(value: unknown): Generator<string> {
  if (typeof value !== 'object' || value === null) return
  for (const [name, member] of Object.entries(value))
    if (name === '$ref') yield member as string
    else yield* references(member)
}

test('the document is OpenAPI 3.1: every reference leads somewhere, every parameter and status is in its place', async (t) => {
  const { document } = await documentOf(t)
  assert.match(document.openapi, /^3\.1\.\d$/)
  for (const reference of references(document)) {
    const found = reference
      .split('/')
      .slice(1)
      .reduce((at, step) => (at as Json)?.[step] as Json, document)
    assert.ok(found, reference)
  }
  const ids = new Set<string>()
  for (const [path, method, operation] of operationsOf(document)) {
    const what = `${method} ${path}`
    assert.ok(['get', 'post', 'patch', 'delete'].includes(method), what)
    assert.match(operation.operationId, /^[a-z][A-Za-z0-9]*$/, what)
    assert.equal(ids.has(operation.operationId), false, `${operation.operationId} is there twice`)
    ids.add(operation.operationId)
    const parameters = operation.parameters ?? []
    const names = parameters.map((each) => `${each.in} ${each.name}`)
    assert.equal(new Set(names).size, names.length, what)
    assert.deepEqual(
      parameters.filter((each) => each.in === 'path').map((each) => [each.name, each.required]),
      [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => [name, true]),
      what,
    )
    assert.ok(
      Object.keys(operation.responses).some((status) => /^2\d\d$/.test(status)),
      what,
    )
    assert.equal(method === 'get' && operation.requestBody !== undefined, false, what)
  }
  assert.ok(ids.size > 50)
})

test('every route is in the document, and nothing else is', async (t) => {
  const { document, app } = await documentOf(t)
  for (const [path, method] of operationsOf(document)) {
    const url = path.replaceAll(/\{(\w+)\}/g, ':$1')
    assert.ok(app.hasRoute({ method: method.toUpperCase() as 'GET', url }), `${method} ${path}`)
  }
  const printed = app.printRoutes({ commonPrefix: false })
  const routes = printed.split('\n').flatMap((line) => /\((.+)\)/.exec(line)?.[1].split(', ') ?? [])
  assert.equal(routes.filter((method) => method !== 'HEAD').length, [...operationsOf(document)].length)
})

test('a declaration is its schemas: inputs are closed, secrets are not shown, patches require nothing', async (t) => {
  const { Toy, ToyInput, ToyPatch, ToyPaintInput } = (await documentOf(t)).document.components.schemas
  assert.deepEqual(ToyInput.required, ['code'])
  assert.equal(ToyInput.additionalProperties, false)
  assert.deepEqual([ToyPatch.required, 'code' in ToyPatch.properties], [undefined, false])
  assert.equal('secret_place' in ToyInput.properties, true)
  assert.equal('secret_place' in Toy.properties, false)
  assert.equal('state' in ToyInput.properties, false)
  assert.deepEqual(Toy.properties.friend.anyOf[1], { $ref: '#/components/schemas/Toy' })
  assert.deepEqual(ToyPaintInput.required, ['colour'])
})

test('a record has exactly the members that the document says', async (t) => {
  const { document, send } = await documentOf(t)
  const { body } = await send('POST', '/api/toys', { body: { code: 'ball' } })
  const { properties, required } = document.components.schemas.Toy
  assert.deepEqual(Object.keys(body), Object.keys(properties))
  assert.deepEqual(Object.keys(body).toSorted(), required.toSorted())
})
