import { useEffect, useRef, useState } from "preact/hooks"
import type { SearchLine } from "../files/schemas.ts"
import { Failure } from "./failure.tsx"
import { counted, dateTime, humanBytes } from "./format.ts"
import { asServiceError, usePlace, useService } from "./hooks.ts"
import { Icon, iconOf } from "./icons.tsx"
import { linesOf } from "./lines.ts"
import { hashOf, type Place } from "./place.ts"
import type { ServiceError } from "./service.ts"

type Match = SearchLine & { event: "match" }

/** Rows on the page; more are only counted. */
const mostShown = 1000

/** Where a name is typed that is looked for in all volumes. */
export function SearchField() {
  const place = usePlace()
  const field = useRef<HTMLInputElement>(null)
  useEffect(() => {
    if (place.kind === "search" && field.current) field.current.value = place.pattern
  }, [place])
  return (
    <search>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          const pattern = field.current?.value.trim() ?? ""
          if (pattern !== "") location.hash = hashOf({ kind: "search", pattern })
        }}
      >
        <Icon name="search" />
        <input
          ref={field}
          type="search"
          placeholder="Find a name in all volumes, e.g. *.db"
          aria-label="Find a name in all volumes"
        />
        <button>Find</button>
      </form>
    </search>
  )
}

/** What a search has found so far. It ends when the page goes elsewhere. */
export function SearchResults({ place }: { place: Place & { kind: "search" } }) {
  const { matches, end, problems, error, volume } = useSearch(place)
  return (
    <section aria-label="Search">
      <h1>
        “{place.pattern}” <span class="quiet">in all volumes</span>
      </h1>
      <p class="quiet" role="status">
        {counted(matches.length, "match", "matches")}
        {end ? "" : error ? "" : `, searching ${volume ?? ""}…`}
        {end?.truncated ? "; there are more, search for a longer name" : ""}
      </p>
      {error && <Failure error={error} />}
      {problems.map(({ volume, message }) => (
        <p key={volume + message} class="failure">
          {volume}: {message}
        </p>
      ))}
      <ul class="matches">
        {matches.slice(0, mostShown).map((match) => (
          <li key={match.volume + match.path}>
            <a href={parentOf(match)}>
              <Icon name={iconOf(match)} />
              <span class="name">
                <bdi>{match.volume + match.displayPath}</bdi>
              </span>
              <span class="quiet">
                {match.type === "file" ? humanBytes(match.sizeBytes) : match.type}, {dateTime(match.mtime)}
              </span>
            </a>
          </li>
        ))}
      </ul>
      {matches.length > mostShown && <p class="quiet">The first {mostShown} are shown.</p>}
    </section>
  )
}

/** A directory is opened itself, anything else where it lies. */
function parentOf({ volume, path, type }: Match): string {
  const names = path.split("/").filter((name) => name !== "")
  const inside = type === "directory" ? names : names.slice(0, -1)
  return hashOf({ kind: "directory", volume: encodeURIComponent(volume), names: inside })
}

interface Search {
  readonly matches: readonly Match[]
  readonly problems: readonly (SearchLine & { event: "problem" })[]
  readonly end?: SearchLine & { event: "end" }
  /** The volume that is being searched. */
  readonly volume?: string
  readonly error?: ServiceError
}

function useSearch({ pattern }: Place & { kind: "search" }): Search {
  const service = useService()
  const [search, setSearch] = useState<Search>({ matches: [], problems: [] })
  useEffect(() => {
    const abort = new AbortController()
    const { signal } = abort
    const isGlob = /[*?[]/.test(pattern)
    const name = encodeURIComponent(isGlob ? pattern : `*${pattern}*`)
    async function run(): Promise<void> {
      const response = await service.fetch(`/v1/search?name=${name}&ignoreCase=true`, { signal })
      const matches: Match[] = []
      for await (const lines of linesOf<SearchLine>(response)) {
        signal.throwIfAborted()
        matches.push(...lines.filter((line) => line.event === "match"))
        const problems = lines.filter((line) => line.event === "problem")
        const volume = lines.findLast((line) => line.event === "searching")?.volume
        const end = lines.find((line) => line.event === "end")
        setSearch((now) => ({
          ...now,
          matches: [...matches],
          problems: [...now.problems, ...problems],
          ...(volume === undefined ? {} : { volume }),
          ...(end === undefined ? {} : { end }),
        }))
      }
    }
    run().catch((error: unknown) => {
      if (!signal.aborted) setSearch((now) => ({ ...now, error: asServiceError(error) }))
    })
    return () => abort.abort()
  }, [pattern])
  return search
}
