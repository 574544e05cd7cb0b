import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { parse, parseAllDocuments } from "yaml"
import type { ObjectMeta } from "../../src/api/metadata.ts"
import { repository } from "./cluster.ts"
import type { Definition } from "./crd-changes.ts"

/** An object as it was found on a cluster. */
export interface OldObject {
  apiVersion: string
  kind: string
  metadata: ObjectMeta
  spec: object
  status?: object
}

/** What a release left on clusters, which an operator of today takes over. */
export interface Release {
  version: string
  /** Its definitions, by file name. */
  definitions: ReadonlyMap<string, Definition>
  /** Objects that its users and its operator wrote. */
  objects: readonly OldObject[]
  /** JSON of its pods: what they say and are told on the control port, and what is in their Secrets, by file name. */
  pods: ReadonlyMap<string, string>
}

const folder = join(repository, "test/compatibility")

/** Every release whose objects and pods must stay valid: `test/compatibility`. */
export function releases(): Release[] {
  return readdirSync(folder).map((version) => {
    const texts = (kind: string): [file: string, text: string][] =>
      readdirSync(join(folder, version, kind)).map((file) => [
        file,
        readFileSync(join(folder, version, kind, file), "utf8"),
      ])
    const documents = texts("objects").flatMap(([, text]) => parseAllDocuments(text))
    return {
      version,
      definitions: new Map(texts("crds").map(([file, text]) => [file, parse(text) as Definition])),
      objects: documents.map((document) => document.toJS() as OldObject),
      pods: new Map(texts("pods")),
    }
  })
}
