import { createGzip, createZstdCompress } from "node:zlib"
import { RecoveryError } from "../api/reasons.ts"
import { displayName } from "../files/names.ts"
import { endOfArchive } from "../files/tar/block.ts"
import { blockBytes } from "../files/tar/header.ts"
import { through } from "../files/through.ts"
import { archived, BrokenOff } from "./members.ts"
import { componentsOf, placeOf, wordsOf } from "./place.ts"
import { type Surroundings, write } from "./streams.ts"
import { type TarOptions, tarOptions } from "./tar-options.ts"

/**
 * `tar cf - PATH...`: an archive of what the file service has at the paths, each `/VOLUME/PATH`, under names as tar makes them
 * of that. Hard links are files of their own, pipes and devices left out, unless ACLs or attributes are asked for: kubectl cp
 * makes empty files of all of these.
 * Resolves to the exit code: 2 when not all could be archived, and then the archive has no end.
 */
export async function archive(args: readonly string[], { files, out, err }: Surroundings): Promise<number> {
  const problems = { count: 0 }
  const problem = (what: string, error: unknown) => {
    problems.count++
    const isMissing = error instanceof RecoveryError && error.code === "PathNotFound"
    err.write(`tar: ${what}${isMissing ? ": Cannot stat" : ""}: ${wordsOf(error)}\n`)
  }

  async function* all({ directory, paths, full, verbose }: TarOptions): AsyncGenerator<Buffer> {
    const base = componentsOf(directory)
    const ignored = (name: Buffer) => void err.write(`tar: ${displayName(name)}: pipe or device ignored\n`)
    const named = (name: Buffer) => void (verbose && err.write(`${displayName(name)}\n`))
    for (const path of paths)
      try {
        const place = placeOf(componentsOf(path, base))
        if (place === undefined) throw new RecoveryError("UsageError", "Name one of the volumes; ls / shows them.")
        const form = { format: "tar", hardLinks: full ? "links" : "files" } as const
        const tar = await files.archive(place.volume, [place.components], form)
        yield* archived(tar, {
          from: place.components,
          as: componentsOf(path),
          keepsSpecial: full,
          named,
          ignored,
          problem,
        })
      } catch (error) {
        problem(path, error)
        if (error instanceof BrokenOff) return
      }
    yield problems.count > 0 ? torn : endOfArchive
  }

  try {
    if (out.isTTY) throw new RecoveryError("UsageError", "Refusing to write archive contents to terminal")
    const options = tarOptions(args)
    for await (const chunk of packed(all(options), options.compress)) await write(out, chunk)
  } catch (error) {
    err.write(`tar: ${wordsOf(error)}\n`)
    return 2
  }
  if (problems.count === 0) return 0
  err.write("tar: Exiting with failure status due to previous errors\n")
  return 2
}

/** No header: an archive that ends so is broken for every reader, also for kubectl cp, which may not see the exit code. */
const torn = Buffer.alloc(blockBytes, "This archive is not complete. ")

function packed(chunks: AsyncIterable<Buffer>, compress: TarOptions["compress"]): AsyncIterable<Buffer> {
  if (compress === "none") return chunks
  return through(compress === "gzip" ? createGzip({ level: 1 }) : createZstdCompress(), chunks)
}
