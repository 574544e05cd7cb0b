/**
 * Where the page is, as its address says it after `#`: `#/` the volumes, `#/VOLUME/a/b` a directory, `#?name=*.db` a search.
 * Names stay percent-encoded bytes, as the file service gives and takes them: the page never has to know what they mean.
 */
export type Place =
  | { readonly kind: "volumes" }
  | { readonly kind: "directory"; readonly volume: string; readonly names: readonly string[] }
  | { readonly kind: "search"; readonly pattern: string; readonly volume?: string }

const pattern = /^(?:[A-Za-z0-9\-._~]|%[0-9A-Fa-f]{2})+$/

/** Reads an address; what is no place is the list of volumes. */
export function parsePlace(hash: string): Place {
  const text = hash.replace(/^#/, "")
  if (text.startsWith("?")) {
    const query = new URLSearchParams(text)
    const volume = query.get("volume") ?? ""
    return { kind: "search", pattern: query.get("name") ?? "", ...(volume === "" ? {} : { volume }) }
  }
  const [volume, ...names] = text.split("/").filter((part) => part !== "")
  if (volume === undefined || ![volume, ...names].every((part) => pattern.test(part))) return { kind: "volumes" }
  return { kind: "directory", volume, names }
}

/** The address of a place. */
export function hashOf(place: Place): string {
  switch (place.kind) {
    case "volumes":
      return "#/"
    case "directory":
      return `#/${[place.volume, ...place.names].join("/")}`
    case "search": {
      const query = new URLSearchParams({ name: place.pattern, ...(place.volume ? { volume: place.volume } : {}) })
      return `#?${query.toString()}`
    }
  }
}

/** What the file service is asked for: `verb` of a path in a volume. */
export function target(verb: string, volume: string, names: readonly string[], more = ""): string {
  return `/v1/volumes/${volume}/${verb}?path=/${names.join("/")}${more}`
}

/** For people: UTF-8 where it is, the escapes as they are where it isn't. The service's own `display` is better, where there is one. */
export function shown(encoded: string): string {
  try {
    const text = decodeURIComponent(encoded)
    return /[\p{C}\p{Zl}\p{Zp}]/u.test(text) ? encoded : text
  } catch {
    return encoded
  }
}
