import type { Entry } from "../files/schemas.ts"
import { dateTime, exactTime, humanBytes } from "./format.ts"
import { Icon, iconOf } from "./icons.tsx"
import { shown } from "./place.ts"
import { rowHeight } from "./window.ts"

interface RowProps {
  readonly entry: Entry
  readonly row: number
  readonly isActive: boolean
  readonly isSelected: boolean
  readonly onToggle: () => void
  readonly onOpen: () => void
}

/** An entry. The name is set apart from what surrounds it (bdi): it may be written from right to left. */
export function EntryRow({ entry, row, isActive, isSelected, onToggle, onOpen }: RowProps) {
  const { display, type, sizeBytes, mtime, linkTarget } = entry
  return (
    <div
      id={`row-${row}`}
      class={isActive ? "row active" : "row"}
      role="row"
      aria-rowindex={row + 2}
      aria-selected={isSelected}
      style={{ top: `${row * rowHeight}px` }}
      onClick={onOpen}
    >
      <span role="gridcell" class="check">
        <input
          type="checkbox"
          tabIndex={-1}
          checked={isSelected}
          aria-label={`Select ${display}`}
          onClick={(event) => event.stopPropagation()}
          onChange={onToggle}
        />
      </span>
      <span role="gridcell" class="name">
        <Icon name={iconOf(entry)} />
        <bdi title={display}>{display}</bdi>
        {linkTarget !== undefined && (
          <span class="quiet">
            {" → "}
            <bdi>{shown(linkTarget)}</bdi>
          </span>
        )}
      </span>
      <span role="gridcell" class="size">
        {type === "file" ? humanBytes(sizeBytes) : ""}
      </span>
      <span role="gridcell" class="time" title={exactTime(mtime)}>
        {dateTime(mtime)}
      </span>
    </div>
  )
}
