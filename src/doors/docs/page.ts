import { Html, html } from './html.ts'
import { STYLE } from './style.ts'

/** A page that is linked from all others, with the anchors on it. */
export type Place = { title: string; href: string; anchors?: readonly { title: string; href: string }[] }
export type Places = readonly { title: string; places: readonly Place[] }[]

/** A whole document: the places at its side, and its content. */
export function page(options: {
  title: string
  version: string
  places: Places
  here: string
  content: Html
}): string {
  const { title, version, places, here, content } = options
  return html`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · Serai</title>
<style>${new Html(STYLE)}</style>
<nav aria-label="Documentation">
<b>Serai</b><small>release ${version}</small>
${places.map(({ title, places }) => html`<h2>${title}</h2><ul>${places.map((place) => placeItem(place, here))}</ul>`)}
</nav>
<main>
${content}
</main>
</html>
`.text
}

function placeItem({ title, href, anchors = [] }: Place, here: string): Html {
  if (href !== here) return html`<li><a href="${href}">${title}</a>`
  return html`<li><a href="${href}" aria-current="page">${title}</a>${anchors.length > 0 && html`<ul>${anchors.map((each) => html`<li><a href="${each.href}">${each.title}</a>`)}</ul>`}`
}
