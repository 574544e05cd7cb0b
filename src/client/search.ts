import { percentEncode } from "../files/names.ts"
import { joinPath } from "../files/path.ts"

/** What a search is for; times as RFC 3339, sizes in bytes. */
export interface Search {
  /** None: all. */
  readonly volumes: readonly string[]
  readonly components: readonly Buffer[]
  readonly name?: Buffer
  readonly ignoreCase?: boolean
  readonly types: readonly string[]
  readonly minSize?: number
  readonly maxSize?: number
  readonly newer?: string
  readonly older?: string
  readonly limit?: number
}

/** The same as a query. */
export function searchFields({ volumes, components, name, types, ...others }: Search): string {
  const fields = [
    ...volumes.map((volume) => ["volume", percentEncode(Buffer.from(volume))]),
    ["path", percentEncode(joinPath(components), "/")],
    ...(name === undefined ? [] : [["name", percentEncode(name)]]),
    ...types.map((type) => ["type", type]),
    ...Object.entries(others).map(([field, value]) => [field, percentEncode(Buffer.from(String(value)))]),
  ]
  return `?${fields.map((field) => field.join("=")).join("&")}`
}
