import type { RefObject } from "preact"
import { useLayoutEffect, useState } from "preact/hooks"
import type { Entry } from "../files/schemas.ts"
import { EntryRow } from "./entry-row.tsx"
import type { Order, SortKey } from "./order.ts"
import { rowAfter, rowHeight, scrollFor, visibleRows } from "./window.ts"

interface GridProps {
  readonly gridRef: RefObject<HTMLDivElement | null>
  readonly rows: readonly Entry[]
  readonly order: Order
  readonly onOrder: (order: Order) => void
  readonly selected: ReadonlySet<string>
  readonly onSelect: (selected: ReadonlySet<string>) => void
  readonly onOpen: (entry: Entry) => void
  readonly onUp: () => void
}

/**
 * A list of any length (WAI-ARIA grid): only what can be seen is on the page. The keys are a file manager's: arrows, page
 * up and down, Home, End; Enter opens, Space selects, Backspace goes up, Ctrl-A selects all.
 */
export function EntryGrid({ gridRef, rows, order, onOrder, selected, onSelect, onOpen, onUp }: GridProps) {
  const [active, setActive] = useState(0)
  const [view, setView] = useState({ scrolled: 0, height: 600 })
  const look = () => {
    const grid = gridRef.current
    if (grid) setView({ scrolled: grid.scrollTop, height: grid.clientHeight - rowHeight })
  }
  useLayoutEffect(() => {
    look()
    addEventListener("resize", look)
    return () => removeEventListener("resize", look)
  }, [])
  const at = Math.min(active, Math.max(0, rows.length - 1))
  const { first, end } = visibleRows(rows.length, view.scrolled, view.height)

  function goTo(row: number): void {
    setActive(row)
    const grid = gridRef.current
    if (grid) grid.scrollTop = scrollFor(row, grid.scrollTop, grid.clientHeight - rowHeight)
  }

  function toggle({ name }: Entry): void {
    const next = new Set(selected)
    if (!next.delete(name)) next.add(name)
    onSelect(next)
  }

  function onKeyDown(event: KeyboardEvent): void {
    const entry = rows[at]
    const next = rowAfter(event.key, at, rows.length, Math.max(1, Math.floor(view.height / rowHeight)))
    if (next !== undefined) goTo(next)
    else if (event.key === "Enter" && entry) onOpen(entry)
    else if (event.key === " " && entry) toggle(entry)
    else if (event.key === "Backspace") onUp()
    else if (event.key === "a" && (event.ctrlKey || event.metaKey)) onSelect(new Set(rows.map(({ name }) => name)))
    else return
    event.preventDefault()
  }

  return (
    <div
      ref={gridRef}
      class="grid"
      role="grid"
      aria-label="Entries"
      aria-multiselectable
      aria-rowcount={rows.length + 1}
      aria-activedescendant={rows.length > 0 ? `row-${at}` : undefined}
      tabIndex={0}
      onScroll={look}
      onKeyDown={onKeyDown}
    >
      <div class="row head" role="row" aria-rowindex={1}>
        <span role="columnheader" aria-label="Selected" />
        <Header label="Name" name="name" order={order} onOrder={onOrder} />
        <Header label="Size" name="size" order={order} onOrder={onOrder} />
        <Header label="Changed" name="time" order={order} onOrder={onOrder} />
      </div>
      <div class="rows" role="rowgroup" style={{ height: `${rows.length * rowHeight}px` }}>
        {rows.slice(first, end).map((entry, index) => (
          <EntryRow
            key={entry.name}
            entry={entry}
            row={first + index}
            isActive={first + index === at}
            isSelected={selected.has(entry.name)}
            onToggle={() => {
              setActive(first + index)
              toggle(entry)
            }}
            onOpen={() => {
              setActive(first + index)
              onOpen(entry)
            }}
          />
        ))}
      </div>
    </div>
  )
}

interface HeaderProps {
  readonly label: string
  readonly name: SortKey
  readonly order: Order
  readonly onOrder: (order: Order) => void
}

function Header({ label, name, order, onOrder }: HeaderProps) {
  const isKey = order.key === name
  return (
    <span role="columnheader" class={name} aria-sort={!isKey ? "none" : order.descending ? "descending" : "ascending"}>
      <button type="button" onClick={() => onOrder({ key: name, descending: isKey && !order.descending })}>
        {label}
      </button>
    </span>
  )
}
