import { isDeepStrictEqual } from "node:util"
import type { Volume } from "../../src/guest/catalogue.ts"
import type { ExpectedVolume } from "./row.ts"

export interface Comparison {
  /** Which found volume is which expected one. */
  readonly matched: ReadonlyMap<ExpectedVolume, Volume>
  /** Volumes that are missing, or other than expected. */
  readonly deviations: readonly string[]
  /** Volumes that nobody expected. */
  readonly left: readonly Volume[]
}

/** Compares what a row expects with what was found. */
export function compareCatalogue(expected: readonly ExpectedVolume[], found: readonly Volume[]): Comparison {
  const matched = new Map<ExpectedVolume, Volume>()
  const left = new Set(found)
  const deviations: string[] = []
  for (const wanted of expected) {
    const volume = [...left].find(({ path }) => fits(path, wanted.path))
    if (volume === undefined) {
      deviations.push(`no volume ${String(wanted.path)}`)
      continue
    }
    left.delete(volume)
    matched.set(wanted, volume)
    deviations.push(...differences(wanted, volume).map((what) => `volume ${volume.path}: ${what}`))
  }
  return { matched, deviations, left: [...left] }
}

/** A volume nobody expected, in words. */
export const unexpected = ({ path, kind, state, message = "" }: Volume): string =>
  `volume ${path} (${kind}, ${state}) was not expected: ${message}`

function differences(wanted: ExpectedVolume, volume: Volume): string[] {
  const wrong: string[] = []
  for (const key of ["kind", "state", "filesystem", "reason", "journal"] as const)
    if (wanted[key] !== volume[key])
      wrong.push(`${key} ${String(volume[key])} instead of ${String(wanted[key])} (${volume.message ?? ""})`)
  if (wanted.label !== undefined && wanted.label !== volume.label)
    wrong.push(`label ${volume.label ?? "-"} instead of ${wanted.label}`)
  if (wanted.says && !wanted.says.test(volume.message ?? "")) wrong.push(`it says "${volume.message ?? ""}"`)
  if (wanted.system && !isDeepStrictEqual(wanted.system, volume.system))
    wrong.push(`system ${JSON.stringify(volume.system)} instead of ${JSON.stringify(wanted.system)}`)
  if (wanted.mountPoint !== undefined && wanted.mountPoint !== volume.mountPoint)
    wrong.push(`mounted at ${volume.mountPoint ?? "-"} instead of ${wanted.mountPoint}`)
  const { on } = wanted
  if (on && !(on.length === volume.stack.length && on.every((layer, at) => fits(volume.stack[at] ?? "", layer))))
    wrong.push(`on ${volume.stack.join(" > ")} instead of ${on.join(" > ")}`)
  return wrong
}

const fits = (text: string, wanted: string | RegExp) =>
  typeof wanted === "string" ? text === wanted : wanted.test(text)
