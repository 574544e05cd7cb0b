import type { ComponentChildren } from "preact"
import { Directory } from "./directory.tsx"
import { Failure } from "./failure.tsx"
import { ServiceProvider, useLoaded, usePlace, useService } from "./hooks.ts"
import { SearchField, SearchResults } from "./search.tsx"
import type { Service } from "./service.ts"
import { SessionBar } from "./session-bar.tsx"
import { VolumeCards } from "./volume-cards.tsx"

/** The page: the session on top, below it the volumes, a directory, or what a search found. */
export function App({ service }: { service: Service }) {
  return (
    <ServiceProvider value={service}>
      <SessionBar />
      <SearchField />
      <main id="main" tabIndex={-1}>
        <Content />
      </main>
    </ServiceProvider>
  )
}

function Content(): ComponentChildren {
  const service = useService()
  const place = usePlace()
  const { value, error } = useLoaded(() => service.volumes(), [service])
  if (error) return <Failure error={error} />
  if (!value) return <p class="quiet">Asking for the volumes…</p>
  if (place.kind === "volumes") return <VolumeCards volumes={value.volumes} />
  if (place.kind === "search") return <SearchResults key={location.hash} place={place} />
  return <Directory key={location.hash} volume={place.volume} names={place.names} />
}
