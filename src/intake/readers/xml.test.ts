import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { attributesOf, endXml, newXml, writeXml, XmlError } from './xml.ts'

/** The document as one text of events; text that arrives in pieces is joined. */
function events(...pieces: string[]): string {
  const seen: string[] = []
  let text = ''
  const flush = () => {
    if (text) seen.push(JSON.stringify(text))
    text = ''
  }
  const xml = newXml({
    open: (name, raw) => flush() ?? seen.push(`<${name} ${JSON.stringify(attributesOf(raw))}>`),
    text: (more) => {
      text += more
    },
    close: (name) => flush() ?? seen.push(`</${name}>`),
  })
  for (const piece of pieces) writeXml(xml, piece)
  endXml(xml)
  flush()
  return seen.join(' ')
}

const DOCUMENTS: [xml: string, expected: string][] = [
  ['<a/>', '<a {}> </a>'],
  ['<?xml version="1.0"?>\n<a  b = "1" c=\'2\'>x</a >', '"\\n" <a {"b":"1","c":"2"}> "x" </a>'],
  ['<x:a x:b="&lt;&#65;&#x42;"><x:c/></x:a>', '<a {"x:b":"<AB"}> <c {}> </c> </a>'],
  ['<a b="x>y" c=\'"\'>1</a>', '<a {"b":"x>y","c":"\\""}> "1" </a>'],
  ['<a>1<!-- <b> -- > -->2<![CDATA[<&]]>3</a>', '<a {}> "12<&3" </a>'],
  ['<a>&amp;&quot;&apos;&gt;é😀</a>', '<a {}> "&\\"\'>é😀" </a>'],
]
for (const [xml, expected] of DOCUMENTS)
  test(xml.replaceAll('\n', ' '), () => {
    assert.equal(events(xml), expected)
    assert.equal(events(...xml), expected, 'one character at a time')
  })

const MALFORMED = [
  '<a>',
  '<a></b>',
  '</a>',
  '</>',
  '<a',
  '<a><b></a></b>',
  '<!ELEMENT a>',
  '<a>&nope;</a>',
  '<a>&#1114112;</a>',
  '<a>&#0;</a>',
  '<a>&#xD83D;</a>',
  '<a>& </a>',
  '<!-- ',
]
for (const xml of [...MALFORMED, '<a>'.repeat(500), `<a b="${'x'.repeat(2 << 20)}`])
  test(`${xml.slice(0, 20)} is malformed`, () => assert.throws(() => events(xml), XmlError))

test('an attribute without quotes is malformed', () => assert.throws(() => attributesOf(' a=1'), XmlError))

test('how a document is cut into pieces makes no difference', () => {
  const [xml, expected] = [
    DOCUMENTS.map(([each]) => each)
      .join('\n')
      .replaceAll(/<\?.*?\?>/g, ''),
    '',
  ]
  fc.assert(
    fc.property(fc.array(fc.nat(xml.length), { maxLength: 5 }), (cuts) => {
      const places = [0, ...cuts.sort((one, other) => one - other), xml.length]
      const pieces = places.slice(1).map((end, index) => xml.slice(places[index], end))
      assert.notEqual(events(...pieces), expected)
      assert.equal(events(...pieces), events(xml))
    }),
  )
})
