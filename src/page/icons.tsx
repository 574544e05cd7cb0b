import type { Entry } from "../files/schemas.ts"

const shapes = {
  directory: "M2 5h7l2 2h11v13H2z",
  file: "M5 2h10l5 5v15H5z M15 2v5h5",
  symlink: "M9 15l6-6 M11 6l2-2a4 4 0 0 1 6 6l-2 2 M13 18l-2 2a4 4 0 0 1-6-6l2-2",
  other: "M12 3l9 9-9 9-9-9z",
  disk: "M3 6a9 3 0 0 1 18 0v12a9 3 0 0 1-18 0z M3 6a9 3 0 0 0 18 0 M3 12a9 3 0 0 0 18 0",
  search: "M10 3a7 7 0 1 0 0 14a7 7 0 0 0 0-14z M15 15l6 6",
  download: "M12 3v12 M7 10l5 5 5-5 M4 20h16",
  close: "M5 5l14 14 M19 5L5 19",
} as const

export type IconName = keyof typeof shapes

/** A picture beside words: it says nothing of its own to who can't see it. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg class={`icon icon-${name}`} viewBox="0 0 24 24" aria-hidden="true">
      <path d={shapes[name]} />
    </svg>
  )
}

export const iconOf = ({ type }: Entry): IconName =>
  type === "directory" || type === "file" || type === "symlink" ? type : "other"
