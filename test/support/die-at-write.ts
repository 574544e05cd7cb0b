import type { ApiServer } from "./api-server.ts"

/**
 * Breaks the connection of the nth write, before or after it took effect: as if the operator had died there. The answer
 * says whether it came to that.
 */
export function dieAtWrite(api: ApiServer, nth: number, when: "before" | "after"): () => boolean {
  let writes = 0
  api.fault = ({ method }, response, url) => {
    if (method === "GET" || url.searchParams.has("dryRun") || ++writes !== nth) return false
    if (when === "before") {
      response.destroy()
      return true
    }
    response.end = () => response.destroy()
    return false
  }
  return () => writes >= nth
}
