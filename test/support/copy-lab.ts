import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { pathComponents } from "../../src/files/path.ts"
import { type PullOptions, pull } from "../../src/copy/pull.ts"
import { directorySource } from "./directory-source.ts"
import { type FileServiceLab, fileServiceLab } from "./file-service.ts"
import type { FileSource } from "../../src/files/source.ts"

/** A file service of a directory, and a directory to copy into. */
export interface CopyLab extends AsyncDisposable {
  readonly source: string
  readonly destination: string
  readonly lab: FileServiceLab
  /** Files by their paths, directories ending in `/`; of links where they lead to. */
  write(root: string, files: Record<string, string>): void
  read(root?: string): Record<string, string>
  pull(changes?: Partial<PullOptions> & { paths?: string[] }): ReturnType<typeof pull>
}

export async function copyLab(wrap: (source: FileSource) => FileSource = (source) => source): Promise<CopyLab> {
  const root = mkdtempSync(join(tmpdir(), "copy-lab-"))
  const [source, destination] = [join(root, "source"), join(root, "destination")]
  mkdirSync(source)
  mkdirSync(destination)
  const lab = await fileServiceLab(wrap(directorySource(source)))
  return {
    source,
    destination,
    lab,
    write(into, files) {
      for (const [path, text] of Object.entries(files)) {
        mkdirSync(dirname(join(into, path)), { recursive: true })
        writeFileSync(join(into, path), text)
      }
    },
    read: (from = destination) => readTree(from),
    async pull({ paths = ["/tree"], ...changes } = {}) {
      const files = lab.client()
      try {
        return await pull({
          files,
          places: paths.map((path) => ({ volume: "data", components: pathComponents(Buffer.from(path)) })),
          destination,
          directory: [],
          conflict: "Fail",
          copyId: "0123abcd",
          signal: new AbortController().signal,
          retrying: () => undefined,
          tell: () => Promise.resolve(),
          ...changes,
        })
      } finally {
        files.close()
      }
    },
    async [Symbol.asyncDispose]() {
      await lab[Symbol.asyncDispose]()
      rmSync(root, { recursive: true, force: true })
    },
  }
}

function readTree(root: string, below = ""): Record<string, string> {
  return Object.assign(
    {},
    ...readdirSync(join(root, below)).map((name) => {
      const path = join(below, name)
      const stats = lstatSync(join(root, path))
      if (stats.isDirectory()) return { [`${path}/`]: "", ...readTree(root, path) }
      return {
        [path]: stats.isSymbolicLink()
          ? `-> ${readlinkSync(join(root, path))}`
          : readFileSync(join(root, path), "latin1"),
      }
    }),
  ) as Record<string, string>
}
