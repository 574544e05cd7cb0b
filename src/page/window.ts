/** Rows of one height, in pixels. */
export const rowHeight = 40
/** Rows beyond the edges that are there already when somebody scrolls. */
const beyond = 10

/** Which of `count` rows to have on the page when so much of the list is scrolled away and so much can be seen (pixels). */
export function visibleRows(count: number, scrolled: number, height: number): { first: number; end: number } {
  const first = Math.max(0, Math.floor(scrolled / rowHeight) - beyond)
  const end = Math.min(count, Math.ceil((scrolled + height) / rowHeight) + beyond)
  return { first: Math.min(first, Math.max(0, end)), end }
}

/** Where to scroll so that a row can be seen; where it is, when it can be already. */
export function scrollFor(row: number, scrolled: number, height: number): number {
  const top = row * rowHeight
  if (top < scrolled) return top
  return top + rowHeight > scrolled + height ? top + rowHeight - height : scrolled
}

/** Which row a key leads to from this one; undefined for keys that lead nowhere. */
export function rowAfter(key: string, row: number, count: number, page: number): number | undefined {
  const within = (wanted: number) => Math.max(0, Math.min(count - 1, wanted))
  switch (key) {
    case "ArrowDown":
      return within(row + 1)
    case "ArrowUp":
      return within(row - 1)
    case "PageDown":
      return within(row + page)
    case "PageUp":
      return within(row - page)
    case "Home":
      return within(0)
    case "End":
      return within(count - 1)
    default:
      return undefined
  }
}
