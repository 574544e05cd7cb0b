import { useService } from "./hooks.ts"
import { Icon } from "./icons.tsx"
import { target } from "./place.ts"

interface DownloadsProps {
  readonly volume: string
  readonly names: readonly string[]
  /** Names of entries; none: the directory as a whole. */
  readonly selected: readonly string[]
}

/** Paths that the file service takes for one archive, and what fits into a request. */
const mostPaths = 256
const mostCharacters = 7000

/** Takes what is selected, or the directory, home: as an archive, or as a list of checksums. */
export function Downloads({ volume, names, selected }: DownloadsProps) {
  const service = useService()
  const below = selected.length === 0 ? [names] : selected.map((name) => [...names, name])
  const [first = [], ...rest] = below
  const more = rest.map((path) => `&path=/${path.join("/")}`).join("")
  const archive = (format: string) => target("archive", volume, first, `${more}&format=${format}`)
  const isTooMuch = below.length > mostPaths || archive("tar.zst").length > mostCharacters
  const what = selected.length === 0 ? "this directory" : `${selected.length} selected`
  if (isTooMuch) return <p class="quiet">Too many are selected for one archive: select none to take all.</p>
  return (
    <div class="actions" role="group" aria-label={`Download ${what}`}>
      <Icon name="download" />
      <span class="quiet">{what}:</span>
      <button type="button" onClick={() => void service.download(archive("zip"))}>
        zip
      </button>
      <button type="button" onClick={() => void service.download(archive("tar"))}>
        tar
      </button>
      {below.length === 1 && (
        <button type="button" onClick={() => void service.download(target("sha256", volume, first))}>
          checksums
        </button>
      )}
    </div>
  )
}
