/** What an XML document is made of, in order. Names are without prefix; attributes come unread, see {@link attributesOf}. */
export type XmlHandlers = {
  open?: (name: string, attributes: string) => void
  text?: (text: string) => void
  close?: (name: string) => void
}

/** An XML document in the middle of being read. */
type XmlScan = { handlers: XmlHandlers; rest: string; path: string[] }

/** An XML document is not well-formed, or ends too early. */
export class XmlError extends Error {}

const NAMED: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }
/** The longest tag or comment that is waited for; no workbook comes near. */
const MARKUP_CHARACTERS_MAX = 1 << 20
const ENTITY_CHARACTERS_MAX = 12
const DEPTH_MAX = 200
const SLASH = 0x2f
const GREATER = 0x3e
/** Markup that is no element: how it opens, how it closes. */
const OTHER_MARKUP: [open: string, close: string][] = [
  ['<!--', '-->'],
  ['<![CDATA[', ']]>'],
  ['<?', '?>'],
]

/** Starts a document. Without document types and entities of its own (the gate refuses them) this is all of XML 1.0 that is left. */
export function newXml(handlers: XmlHandlers): XmlScan {
  return { handlers, rest: '', path: [] }
}

/** Reads on. Handlers are called at once, for all that is complete. */
export function writeXml(xml: XmlScan, more: string): void {
  const text = xml.rest + more
  let at = 0
  for (;;) {
    const tag = text.indexOf('<', at)
    const textEnd = tag === -1 ? safeEnd(text, at) : tag
    if (textEnd > at) xml.handlers.text?.(unescapeXml(text.slice(at, textEnd)))
    at = textEnd
    if (tag === -1) break
    const end = readMarkup(xml, text, tag)
    if (end === -1) break
    at = end
  }
  xml.rest = text.slice(at)
  if (xml.rest.length > MARKUP_CHARACTERS_MAX) throw new XmlError('a tag is too long')
}

/** The document must be complete: every element closed. */
export function endXml(xml: XmlScan): void {
  if (xml.path.length > 0) throw new XmlError(`it ends inside <${xml.path.at(-1)}>`)
  if (xml.rest.trim() !== '') throw new XmlError('it ends inside a tag')
}

/** The attributes of a tag by name, prefixes kept: ` r="A1" t='s'`. */
export function attributesOf(raw: string): Record<string, string> {
  const attributes: Record<string, string> = Object.create(null)
  let at = 0
  for (;;) {
    const equals = raw.indexOf('=', at)
    if (equals === -1) return attributes
    const name = raw.slice(at, equals).trim()
    let open = equals + 1
    while (isBlank(raw.charCodeAt(open))) open++
    const close = raw.indexOf(raw[open], open + 1)
    if ((raw[open] !== '"' && raw[open] !== "'") || close === -1)
      throw new XmlError('an attribute without quotes')
    attributes[name] = unescapeXml(raw.slice(open + 1, close))
    at = close + 1
  }
}

/** Answers where the markup at `at` ends, or -1 when that is not there yet. */
function readMarkup(xml: XmlScan, text: string, at: number): number {
  const next = text.charCodeAt(at + 1)
  if (next === SLASH) return readClose(xml, text, at + 2)
  // `!` and `?`; NaN when the text ends here.
  if (next === 0x21 || next === 0x3f || !(next >= 0)) return readOther(xml, text, at)
  const end = tagEnd(text, at + 1)
  if (end === -1) return -1
  const selfClosing = text.charCodeAt(end - 1) === SLASH
  openTag(xml, text, at + 1, selfClosing ? end - 1 : end)
  if (selfClosing) close(xml, xml.path[xml.path.length - 1])
  return end + 1
}

/** Nearly always the name of the element that is open, without a blank or prefix: that is compared in place. */
function readClose(xml: XmlScan, text: string, start: number): number {
  const open = xml.path[xml.path.length - 1] ?? ''
  const expected = start + open.length
  if (text.charCodeAt(expected) === GREATER && text.startsWith(open, start)) {
    close(xml, open)
    return expected + 1
  }
  const end = text.indexOf('>', start)
  if (end === -1) return -1
  close(xml, text.slice(start, end).trim().replace(/^.*:/, ''))
  return end + 1
}

function readOther(xml: XmlScan, text: string, at: number): number {
  for (const [open, closing] of OTHER_MARKUP) {
    if (!text.startsWith(open, at)) continue
    const end = text.indexOf(closing, at + open.length)
    if (end === -1) return -1
    if (closing === ']]>') xml.handlers.text?.(text.slice(at + open.length, end))
    return end + closing.length
  }
  if (OTHER_MARKUP.some(([open]) => open.startsWith(text.slice(at, at + open.length)))) return -1
  throw new XmlError('a declaration that no workbook needs')
}

/** The `>` of a tag: not one inside the quotes of an attribute. */
function tagEnd(text: string, start: number): number {
  let quote = 0
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (quote !== 0) quote = code === quote ? 0 : quote
    else if (code === GREATER) return at
    else if (code === 0x22 || code === 0x27) quote = code
  }
  return -1
}

function openTag(xml: XmlScan, text: string, start: number, end: number): void {
  let nameStart = start
  let at = start
  for (; at < end; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x3a) nameStart = at + 1
    else if (isBlank(code)) break
  }
  const name = text.slice(nameStart, at)
  if (xml.path.push(name) > DEPTH_MAX) throw new XmlError('elements are nested too deep')
  xml.handlers.open?.(name, text.slice(at, end))
}

function close(xml: XmlScan, name: string): void {
  const open = xml.path.pop()
  if (open !== name) throw new XmlError(`</${name}> closes ${open === undefined ? 'nothing' : `<${open}>`}`)
  xml.handlers.close?.(name)
}

/** Text that may be handed out although more may follow: an entity at the end is kept whole. */
function safeEnd(text: string, from: number): number {
  const entity = text.lastIndexOf('&')
  const open = entity >= from && text.length - entity <= ENTITY_CHARACTERS_MAX && !text.includes(';', entity)
  return open ? entity : text.length
}

function unescapeXml(text: string): string {
  if (!text.includes('&')) return text
  return text.replaceAll(/&([^;&]{0,12};)?/g, (whole, reference?: string) => {
    const character = reference && characterOf(reference.slice(0, -1))
    if (character === undefined || character === '') throw new XmlError(`${whole} is no known character`)
    return character
  })
}

function characterOf(reference: string): string | undefined {
  const number = /^#(?:x([0-9a-f]+)|([0-9]+))$/i.exec(reference)
  if (!number) return NAMED[reference]
  const code = number[1] ? Number.parseInt(number[1], 16) : Number(number[2])
  const character = code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : ''
  return character.isWellFormed() ? character : undefined
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09
}
