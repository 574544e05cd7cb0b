import { volumeTable } from "../../src/cli/volume-table.ts"
import { structured } from "../../src/cli/output.ts"
import type { Catalogue } from "../../src/guest/catalogue.ts"

/** Characters that move a cursor, colour what follows, or turn the direction of a line: a terminal obeys them. */
// oxlint-disable-next-line no-control-regex
const deceiving = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/

/** What is said of some disks, in every form that people see, where it has characters that deceive. */
export function undeceiving(catalogue: Catalogue, logged = ""): string[] {
  const forms = {
    table: volumeTable(catalogue.volumes),
    JSON: structured("json", catalogue),
    YAML: structured("yaml", catalogue),
    log: logged,
    values: valuesOf(catalogue).join("\n"),
  }
  return Object.entries(forms).flatMap(([form, text]) => {
    const [found] = deceiving.exec(text) ?? []
    return found === undefined ? [] : [`the ${form} has the character ${JSON.stringify(found)}`]
  })
}

/** All texts: JSON writes some of these characters in other words, and whoever reads it gets them back. */
const valuesOf = (value: unknown): string[] => {
  if (typeof value === "string") return [value]
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(valuesOf) : []
}
