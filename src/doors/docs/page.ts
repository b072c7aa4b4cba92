import { createHash } from 'node:crypto'

const STYLE = `
:root { color-scheme: light dark; --ink: light-dark(#1d2430, #e6e9ef); --quiet: light-dark(#5b6573, #9aa4b2); --line: light-dark(#dfe3e9, #303845); --paper: light-dark(#fff, #14181f); --tint: light-dark(#f5f7fa, #1b212b); --accent: light-dark(#0b6b57, #5cc9ae) }
* { box-sizing: border-box }
body { margin: 0; font: 16px/1.55 system-ui, sans-serif; color: var(--ink); background: var(--paper); display: grid; grid-template-columns: 15rem minmax(0, 1fr) }
nav { position: sticky; top: 0; height: 100vh; overflow: auto; padding: 1.5rem 1rem; border-inline-end: 1px solid var(--line); background: var(--tint); font-size: .95rem }
nav a { display: block; padding: .15rem .4rem; color: inherit; text-decoration: none; border-radius: .3rem }
nav a:hover, nav a:focus { background: var(--line) }
nav strong { display: block; font-size: 1.2rem; padding: 0 .4rem .6rem }
main { padding: 2rem clamp(1rem, 4vw, 3.5rem) 6rem; max-width: 62rem }
h1 { margin: 0 0 .5rem } h2 { margin: 3rem 0 .6rem; padding-bottom: .3rem; border-bottom: 1px solid var(--line) }
p { max-width: 44rem }
details { border: 1px solid var(--line); border-radius: .5rem; margin: .5rem 0; background: var(--paper) }
summary { padding: .55rem .8rem; cursor: pointer; display: flex; gap: .1rem .8rem; align-items: baseline; flex-wrap: wrap }
details[open] > summary { border-bottom: 1px solid var(--line); background: var(--tint); border-radius: .5rem .5rem 0 0 }
details > div { padding: .4rem .9rem 1rem }
code, pre { font: .88em/1.5 ui-monospace, monospace }
pre { background: var(--tint); border: 1px solid var(--line); border-radius: .4rem; padding: .7rem .9rem; overflow: auto }
.method { font-weight: 700; min-width: 4rem; color: var(--accent) }
.says { color: var(--quiet); flex-basis: 100% }
table { border-collapse: collapse; width: 100%; margin: .4rem 0 }
th, td { text-align: start; vertical-align: top; padding: .35rem .6rem .35rem 0; border-bottom: 1px solid var(--line) }
th { color: var(--quiet); font-weight: 600; font-size: .85rem }
h3 { margin: 1.1rem 0 .2rem; font-size: 1rem }
:target { outline: 2px solid var(--accent); outline-offset: 3px }
@media (max-width: 52rem) { body { display: block } nav { position: static; height: auto } }
`

/** The only style that the page's policy lets a browser apply; there is no script, and nothing comes from anywhere else. */
export const PAGE_POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`

/** A whole page. `links` are the anchors of the side; `body` is HTML. */
export function page(
  title: string,
  links: readonly (readonly [href: string, text: string])[],
  body: string,
): string {
  const side = links.map(([href, text]) => `<a href="${escaped(href)}">${escaped(text)}</a>`).join('\n')
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escaped(title)}</title><style>${STYLE}</style></head>
<body><nav aria-label="Contents"><strong>Serai</strong>
${side}</nav>
<main><h1>${escaped(title)}</h1>
${body}</main></body></html>
`
}

/** Text as it stands in HTML, also inside an attribute. */
export function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}

/** A table of rows of HTML cells. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[], tag: string) =>
    `<tr>${cells.map((cell) => `<${tag}>${cell}</${tag}>`).join('')}</tr>`
  return `<table><thead>${line(header.map(escaped), 'th')}</thead><tbody>${rows.map((row) => line(row, 'td')).join('\n')}</tbody></table>`
}
