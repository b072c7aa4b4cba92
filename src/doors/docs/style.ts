import { hash } from 'node:crypto'

/** The whole look of the pages. It stands in the page itself, so a page is one answer and asks for nothing else. */
export const STYLE = `
:root { color-scheme: light dark; --ink: #1c1b19; --soft: #6b675f; --line: #e4dfd6; --page: #fdfcfa; --panel: #f5f2ec; --accent: #9a4d12;
  --get: #1d6b4f; --post: #1e4f8f; --patch: #8a5a00; --delete: #a3263a; --code: #16202b; --code-ink: #e8e6e1 }
@media (prefers-color-scheme: dark) { :root { --ink: #ebe7e0; --soft: #a49e93; --line: #37332d; --page: #181613; --panel: #211e1a;
  --accent: #e5a06a; --get: #6fcaa6; --post: #86b4ee; --patch: #dfb35c; --delete: #ee8c9b; --code: #0e0d0b } }
* { box-sizing: border-box }
html { scroll-padding-top: 1rem }
body { margin: 0; font: 16px/1.6 system-ui, sans-serif; color: var(--ink); background: var(--page); display: grid;
  grid-template-columns: 16rem minmax(0, 1fr) }
nav { position: sticky; top: 0; align-self: start; height: 100vh; overflow-y: auto; padding: 1.75rem 1.25rem; border-inline-end: 1px solid var(--line);
  background: var(--panel); font-size: .92rem }
nav b { display: block; font-size: 1.15rem; letter-spacing: .01em }
nav small { color: var(--soft) }
nav h2 { margin: 1.5rem 0 .3rem; font-size: .72rem; letter-spacing: .08em; text-transform: uppercase; color: var(--soft); border: 0; padding: 0 }
nav ul { list-style: none; margin: 0; padding: 0 }
nav li ul { margin: .2rem 0 .6rem; padding-inline-start: .7rem; border-inline-start: 2px solid var(--line) }
nav li li { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; font-size: .85rem }
nav a { color: inherit; text-decoration: none } nav a:hover { text-decoration: underline } nav [aria-current] { color: var(--accent); font-weight: 600 }
main { max-width: 62rem; padding: 2.25rem 3rem 6rem }
a { color: var(--accent) }
h1 { font-size: 2rem; line-height: 1.2; margin: 0 0 .5rem; letter-spacing: -.01em }
h2 { font-size: 1.35rem; margin: 3rem 0 .75rem; padding-bottom: .35rem; border-bottom: 1px solid var(--line) }
h3 { font-size: 1.08rem; margin: 2.4rem 0 .3rem } h4 { font-size: .78rem; letter-spacing: .06em; text-transform: uppercase; color: var(--soft); margin: 1.3rem 0 .35rem }
h3 a, h2 a { color: inherit; text-decoration: none }
code, pre { font: .86em/1.55 ui-monospace, 'SF Mono', 'Cascadia Mono', Menlo, Consolas, monospace }
code { background: var(--panel); padding: .1em .3em; border-radius: 4px; overflow-wrap: anywhere }
pre { background: var(--code); color: var(--code-ink); padding: .85rem 1rem; border-radius: 8px; overflow-x: auto; margin: .5rem 0 }
pre code { background: none; padding: 0; font-size: 1em; overflow-wrap: normal }
article { border: 1px solid var(--line); border-radius: 12px; padding: .4rem 1.4rem 1.2rem; margin: 1.4rem 0; background: var(--page) }
article > h3 { margin-top: 1rem; display: flex; gap: .7rem; align-items: baseline; flex-wrap: wrap }
article h3 code { background: none; padding: 0; font-size: .95em }
.method { font: 600 .74rem/1 ui-monospace, Menlo, Consolas, monospace; padding: .32rem .5rem; border-radius: 5px; color: var(--page); background: var(--soft) }
.GET { background: var(--get) } .POST { background: var(--post) } .PATCH { background: var(--patch) } .DELETE { background: var(--delete) }
table { border-collapse: collapse; width: 100%; font-size: .9rem }
th { text-align: start; font-weight: 600; color: var(--soft); font-size: .78rem } th, td { padding: .42rem .8rem .42rem 0; border-bottom: 1px solid var(--line); vertical-align: top }
td:first-child { white-space: nowrap; width: 1% } td.wrap { white-space: normal; width: 30% } tr:last-child td { border-bottom: 0 }
.table { overflow-x: auto }
.type { color: var(--soft) } .must { color: var(--delete); font-size: .78rem; font-weight: 600 }
details { margin: .4rem 0 } summary { cursor: pointer; color: var(--soft); font-size: .9rem }
.soft { color: var(--soft) } dl { margin: .4rem 0 } dt { font-weight: 600 } dd { margin: 0 0 .5rem } :target { scroll-margin-top: 1rem; outline: 2px solid var(--accent); outline-offset: 6px; border-radius: 6px }
@media (max-width: 52rem) { body { display: block } nav { position: static; height: auto; border: 0 } nav li ul { display: none } main { padding: 1.5rem 1.1rem 4rem } }
@media print { nav { display: none } body { display: block } }
`

/** Nothing may be loaded and nothing may run; the one style is the one whose digest is here. */
export const POLICY = `default-src 'none'; style-src 'sha256-${hash('sha256', STYLE, 'base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`
