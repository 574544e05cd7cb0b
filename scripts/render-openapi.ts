import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { openApi } from "../src/files/openapi.ts"

/** Writes the HTTP API's description, which the file service also gives itself, to docs/. */
const path = join(import.meta.dirname, "..", "docs", "openapi.json")
await writeFile(path, `${JSON.stringify(openApi(), undefined, 2)}\n`)
