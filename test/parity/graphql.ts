import { type Asked, facetTexts, type How, type Outcome, rowText, undoOutcome, type Way } from './way.ts'

const RECORD = '{ product_id category active archived_at }'
const WRITE = '$dry_run: Boolean, $reason: String'
const WROTE = 'dry_run: $dry_run, reason: $reason'

// biome-ignore lint/suspicious/noExplicitAny: the data of any query
type Data = any
type Ask = (query: string, variables: object, read: (data: Data) => Outcome) => Promise<Outcome>

/** GraphQL, as any of its clients would ask. */
export function graphqlWay(url: string): Way {
  const on =
    (how: How): Ask =>
    (query, variables, read) =>
      ask(`${url}/api/graphql`, how.as ?? 'manager-token', { query, variables }, read)
  const options = ({ dryRun, reason, ifVersion }: How) => ({
    dry_run: dryRun ?? false,
    reason: reason ?? null,
    if_version: ifVersion ?? null,
  })
  return {
    create: (input, how) =>
      on(how)(
        `mutation ($input: [ProductInput!], ${WRITE}) { it: product_create(input: $input, ${WROTE}) { change records ${RECORD} } }`,
        { input, ...options(how) },
        wrote,
      ),
    update: (id, patch, how) =>
      on(how)(
        `mutation ($ids: [ID!]!, $input: ProductPatch, ${WRITE}, $if_version: SafeInt) { it: product_update(ids: $ids, input: $input, if_version: $if_version, ${WROTE}) { change records ${RECORD} } }`,
        { ids: [id], input: patch, ...options(how) },
        wrote,
      ),
    act: (name, ids, input, how) => act(on(how), name, ids, input, options(how)),
    ask: (name, how) =>
      on(how)(`{ it: product_${name} { answer } }`, {}, ({ it }) => ({ answer: it.answer })),
    list: (asked, how) => list(on(how), asked),
    get: (id, how) =>
      on(how)(`query ($id: ID!) { it: product(id: $id) ${RECORD} }`, { id }, ({ it }) => ({
        rows: [rowText(it)],
      })),
    history: (id, how) =>
      on(how)(
        'query ($id: ID!) { it: history(resource: "product", id: $id) { nodes { action version } } }',
        { id },
        ({ it }) => ({
          history: it.nodes.map((each: Data) => `${each.action} ${each.version}`),
        }),
      ),
    undo: (change, how) => takeBack(on(how), 'undo', change, options(how)),
    redo: (change, how) => takeBack(on(how), 'redo', change, options(how)),
  }
}

function wrote({ it }: Data): Outcome {
  return { rows: it.records.map(rowText), change: it.change }
}

function act(ask: Ask, name: string, ids: string[], input: object, how: object): Promise<Outcome> {
  const targets = ids.length ? `ids: ${JSON.stringify(ids)}, ` : ''
  const given = Object.entries(input).map(([member, value]) => `${member}: ${JSON.stringify(value)}`)
  const form = given.length ? `input: { ${given.join(', ')} }, ` : ''
  return ask(
    `mutation (${WRITE}) { it: product_${name}(${targets}${form}${WROTE}) { change answer records ${RECORD} } }`,
    how,
    (data) => (ids.length ? wrote(data) : { answer: data.it.answer, change: data.it.change }),
  )
}

function takeBack(ask: Ask, way: string, change: string, how: object): Promise<Outcome> {
  return ask(
    `mutation ($change: ID!, ${WRITE}) { it: ${way}(change: $change, ${WROTE}) { change restored kept { key field } } }`,
    { change, ...how },
    ({ it }) => undoOutcome(it),
  )
}

function list(ask: Ask, { facets = [], count, limit, cursor, ...asked }: Asked): Promise<Outcome> {
  const counted = count ? 'count { value }' : ''
  const shares = facets.length
    ? `facets { ${facets.map((each) => `${each} { value count }`).join(' ')} }`
    : ''
  return ask(
    `query ($filter: String, $q: String, $sort: [String!], $archived: Archived, $as_of: String, $first: Int, $after: String) {
      it: products(filter: $filter, q: $q, sort: $sort, archived: $archived, as_of: $as_of, first: $first, after: $after) {
        nodes ${RECORD} pageInfo { hasNextPage endCursor } ${counted} ${shares} } }`,
    { ...asked, first: limit, after: cursor },
    ({ it }) => ({
      rows: it.nodes.map(rowText),
      next: it.pageInfo.hasNextPage ? it.pageInfo.endCursor : null,
      ...(count ? { count: it.count.value } : {}),
      ...(facets.length ? { facets: facetTexts(it.facets) } : {}),
    }),
  )
}

async function ask(
  url: string,
  token: string,
  body: object,
  read: (data: Data) => Outcome,
): Promise<Outcome> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const { data, errors } = (await response.json()) as Data
  if (!errors) return read(data)
  const { code, errors: faults = [] } = errors[0].extensions
  // What lists call `limit` is `first` in connections.
  return {
    problem: code === 'first' ? 'limit' : code,
    faults: faults.map((each: Data) => `${each.pointer} ${each.code}`),
  }
}
