import assert from 'node:assert/strict'
import { test } from 'node:test'
import { continueTrace } from './trace.ts'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const SPAN = 'b7ad6b7169203331'

/** After the cases of the W3C's own trace-context test suite: what is given, and the flags that go on, null for no trace. */
const cases: [string, unknown, string | null][] = [
  ['sampled', `00-${TRACE}-${SPAN}-01`, '01'],
  ['not sampled', `00-${TRACE}-${SPAN}-00`, '00'],
  ['the random flag of level 2 goes on', `00-${TRACE}-${SPAN}-03`, '03'],
  ['random but not sampled', `00-${TRACE}-${SPAN}-02`, '02'],
  ['unknown flags do not go on', `00-${TRACE}-${SPAN}-ff`, '03'],
  ['only unknown flags', `00-${TRACE}-${SPAN}-fc`, '00'],
  ['version 00 has no more to say', `00-${TRACE}-${SPAN}-01-extra`, null],
  ['version 00, a dash at the end', `00-${TRACE}-${SPAN}-01-`, null],
  ['a later version', `01-${TRACE}-${SPAN}-01`, '01'],
  ['version cc', `cc-${TRACE}-${SPAN}-01`, '01'],
  ['a later version with more to say', `cc-${TRACE}-${SPAN}-01-what-the-future-will-be-like`, '01'],
  ['a later version, a dash at the end', `cc-${TRACE}-${SPAN}-01-`, '01'],
  ['a later version, more without a dash', `cc-${TRACE}-${SPAN}-01.what`, null],
  ['the forbidden version', `ff-${TRACE}-${SPAN}-01`, null],
  ['a version that is no number', `.0-${TRACE}-${SPAN}-01`, null],
  ['a version of one digit', `0-${TRACE}-${SPAN}-01`, null],
  ['a version of three digits', `000-${TRACE}-${SPAN}-01`, null],
  ['a version in capitals', `CC-${TRACE}-${SPAN}-01`, null],
  ['a trace in capitals', `00-${TRACE.toUpperCase()}-${SPAN}-01`, null],
  ['a span in capitals', `00-${TRACE}-${SPAN.toUpperCase()}-01`, null],
  ['a trace of zeros', `00-${'0'.repeat(32)}-${SPAN}-01`, null],
  ['a span of zeros', `00-${TRACE}-${'0'.repeat(16)}-01`, null],
  ['a trace that is no number', `00-.${TRACE.slice(1)}-${SPAN}-01`, null],
  ['a span that is no number', `00-${TRACE}-.${SPAN.slice(1)}-01`, null],
  ['a trace too long', `00-${TRACE}1-${SPAN}-01`, null],
  ['a trace too short', `00-${TRACE.slice(1)}-${SPAN}-01`, null],
  ['a span too long', `00-${TRACE}-${SPAN}1-01`, null],
  ['a span too short', `00-${TRACE}-${SPAN.slice(1)}-01`, null],
  ['flags that are no number', `00-${TRACE}-${SPAN}-.0`, null],
  ['flags of one digit', `00-${TRACE}-${SPAN}-1`, null],
  ['flags of three digits', `00-${TRACE}-${SPAN}-001`, null],
  ['no flags', `00-${TRACE}-${SPAN}`, null],
  ['no flags but a dash', `00-${TRACE}-${SPAN}-`, null],
  ['other separators', `00_${TRACE}_${SPAN}_01`, null],
  ['a blank within', `00-${TRACE}- ${SPAN}-01`, null],
  ['the header twice', `00-${TRACE}-${SPAN}-01, 00-${TRACE}-${SPAN}-01`, null],
  ['a line break at the end', `00-${TRACE}-${SPAN}-01\n`, null],
  ['a comment that ends early', `00-${TRACE}-${SPAN}-01*/ drop table product`, null],
  ['nothing', '', null],
  ['no header', undefined, null],
  ['a list', [`00-${TRACE}-${SPAN}-01`], null],
]
for (const [name, given, flags] of cases)
  test(`traceparent: ${name}`, () => {
    const trace = continueTrace(given)
    if (flags === null) return assert.equal(trace, undefined)
    assert.equal(trace?.id, TRACE)
    assert.equal(trace.sampled, flags === '01' || flags === '03')
    const [version, id, span, sent, ...more] = trace.header.split('-')
    assert.deepEqual([version, id, sent, more], ['00', TRACE, flags, []])
    assert.match(span, /^[0-9a-f]{16}$/)
    assert.doesNotMatch(span, /^0+$/)
    assert.notEqual(span, SPAN)
  })

test('every continuation is a span of its own', () => {
  const spans = Array.from({ length: 1_000 }, () => continueTrace(`00-${TRACE}-${SPAN}-01`)!.header)
  assert.equal(new Set(spans).size, 1_000)
})
