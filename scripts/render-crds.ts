import { mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { stringify } from "yaml"
import { renderCrds } from "../src/api/crd.ts"

/** Writes the CustomResourceDefinitions to crds/ and, the same, to the chart, which Helm installs before anything else. */
const root = join(import.meta.dirname, "..")

for (const folder of ["crds", "charts/file-recovery-operator/crds"]) {
  await mkdir(join(root, folder), { recursive: true })
  for (const [file, crd] of Object.entries(renderCrds())) {
    const text = `# Written by npm run crds from src/api. Do not edit.\n${stringify(crd, { lineWidth: 0, aliasDuplicateObjects: false })}`
    await writeFile(join(root, folder, file), text)
  }
}
