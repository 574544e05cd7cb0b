import { useEffect, useState } from "preact/hooks"
import type { Entry } from "../files/schemas.ts"
import { asServiceError, useService } from "./hooks.ts"
import type { ServiceError } from "./service.ts"

export interface Listing {
  readonly entries: readonly Entry[]
  /** All of them are there. */
  readonly isComplete: boolean
  readonly error?: ServiceError
}

/** The entries of a directory, as they come page by page. */
export function useListing(target: string): Listing {
  const service = useService()
  const [listing, setListing] = useState<Listing>({ entries: [], isComplete: false })
  useEffect(() => {
    const abort = new AbortController()
    const { signal } = abort
    async function load(): Promise<void> {
      const entries: Entry[] = []
      for (let cursor: string | undefined = ""; cursor !== undefined;) {
        const page = await service.list(cursor === "" ? target : `${target}&cursor=${cursor}`, signal)
        signal.throwIfAborted()
        entries.push(...page.entries)
        cursor = page.next
        setListing({ entries: [...entries], isComplete: cursor === undefined })
      }
    }
    load().catch((error: unknown) => {
      if (!signal.aborted) setListing((now) => ({ ...now, error: asServiceError(error) }))
    })
    return () => abort.abort()
  }, [target])
  return listing
}
