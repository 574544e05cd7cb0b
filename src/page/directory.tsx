import { useMemo, useRef, useState } from "preact/hooks"
import type { Entry } from "../files/schemas.ts"
import { Crumbs } from "./crumbs.tsx"
import { Downloads } from "./downloads.tsx"
import { EntryGrid } from "./entry-grid.tsx"
import { Failure } from "./failure.tsx"
import { counted } from "./format.ts"
import { asServiceError, useService } from "./hooks.ts"
import { useKey } from "./keys.ts"
import { filtered, type Order, sorted } from "./order.ts"
import { hashOf, target } from "./place.ts"
import { Preview } from "./preview.tsx"
import type { ServiceError } from "./service.ts"
import { useListing } from "./listing.ts"

/** Sorting again with every page that comes would take longer than the pages. */
const mostSortedEarly = 10_000

/** A directory: a way up, a filter, the entries, and beside them the file that is looked at. */
export function Directory({ volume, names }: { volume: string; names: readonly string[] }) {
  const service = useService()
  const { entries, isComplete, error } = useListing(target("list", volume, names, "&limit=5000"))
  const [order, setOrder] = useState<Order>({ key: "name", descending: false })
  const [words, setWords] = useState("")
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set())
  const [previewed, setPreviewed] = useState<Entry>()
  const [failed, setFailed] = useState<ServiceError>()
  const filter = useRef<HTMLInputElement>(null)
  const grid = useRef<HTMLDivElement>(null)
  const inOrder = isComplete || entries.length <= mostSortedEarly
  const all = useMemo(() => (inOrder ? sorted(entries, order) : entries), [entries, order, inOrder])
  const rows = useMemo(() => filtered(all, words), [all, words])
  useKey("/", () => filter.current?.focus())

  async function open(entry: Entry): Promise<void> {
    setFailed(undefined)
    const inside = [...names, entry.name]
    try {
      if (entry.type === "directory" || (entry.type === "symlink" && (await leadsToDirectory(inside))))
        location.hash = hashOf({ kind: "directory", volume, names: inside })
      else setPreviewed(entry)
    } catch (error) {
      setFailed(asServiceError(error))
    }
  }

  async function leadsToDirectory(inside: readonly string[]): Promise<boolean> {
    const { signal } = new AbortController()
    return service.list(target("list", volume, inside, "&limit=1"), signal).then(
      () => true,
      () => false, // what it is instead, or why it can't be read, shows when it is looked at
    )
  }

  return (
    <div class={previewed ? "split" : "whole"}>
      <section class="directory" aria-label="Files">
        <Crumbs volume={volume} names={names} />
        <div class="tools">
          <input
            ref={filter}
            type="search"
            placeholder="Filter this directory ( / )"
            aria-label="Filter this directory"
            value={words}
            onInput={(event) => setWords(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key === "ArrowDown" || event.key === "Enter") grid.current?.focus()
            }}
          />
          <Downloads volume={volume} names={names} selected={[...selected]} />
        </div>
        {error && <Failure error={error} />}
        {failed && <Failure error={failed} />}
        <EntryGrid
          gridRef={grid}
          rows={rows}
          order={order}
          onOrder={setOrder}
          selected={selected}
          onSelect={setSelected}
          onOpen={(entry) => void open(entry)}
          onUp={() => (location.hash = parentOf(volume, names))}
        />
        <p class="quiet" role="status">
          {inWords(entries.length, rows.length, selected.size)}
          {isComplete || error ? "" : ", more are coming…"}
        </p>
      </section>
      {previewed && (
        <Preview
          key={previewed.name}
          entry={previewed}
          volume={volume}
          names={[...names, previewed.name]}
          onClose={() => {
            setPreviewed(undefined)
            grid.current?.focus()
          }}
        />
      )}
    </div>
  )
}

function inWords(all: number, shown: number, selected: number): string {
  const there =
    shown === all
      ? counted(all, "entry", "entries")
      : `${shown.toLocaleString("en")} of ${counted(all, "entry", "entries")}`
  return selected === 0 ? there : `${there}, ${selected.toLocaleString("en")} selected`
}

function parentOf(volume: string, names: readonly string[]): string {
  return names.length === 0
    ? hashOf({ kind: "volumes" })
    : hashOf({ kind: "directory", volume, names: names.slice(0, -1) })
}
