import type { KubeConfig } from "@kubernetes/client-node"
import { RecoveryError } from "../../api/reasons.ts"
import { joinPath, splitPath } from "../../files/path.ts"
import type { TarHeader } from "../../files/tar/header.ts"
import { readTar } from "../../files/tar/reader.ts"
import { outputInPod, type PodCommand } from "../pod/run-in-pod.ts"
import { sha256Of } from "../sha256/sha256-of.ts"
import { byNameBytes, collectEntries, type Tree, type TreeEntry } from "./tree.ts"

/** All entries of a pod's directory are kept in memory: what tar tells comes in no order. */
const mostEntries = 2_000_000

/** A directory of a running pod, as a side of a comparison: read once, by the pod's own tar, with all its content. */
export async function podTree(
  config: KubeConfig,
  { path, checksum, ...where }: Omit<PodCommand, "command" | "output"> & { path: string; checksum: boolean },
): Promise<Tree> {
  const directories = new Map<string, TreeEntry[]>([["/", []]])
  const sums = new Map<string, string>()
  const seen = new Map<string, TreeEntry>()
  let count = 0
  const output = outputInPod(config, { ...where, command: ["tar", "-c", "-f", "-", "-C", path, "."] })
  for await (const { header, body } of readTar(output)) {
    const components = splitPath(header.name)
    const name = components.at(-1)
    if (name === undefined) continue
    if (++count > mostEntries)
      throw new RecoveryError("UsageError", `${path} has more than ${mostEntries} entries: compare what is below it.`)
    const entry = entryOf(header, name, seen)
    if (header.type === "directory") directories.set(key(components), directories.get(key(components)) ?? [])
    if (header.type === "file") {
      seen.set(key(components), entry)
      if (checksum) sums.set(key(components), await sha256Of(body))
    }
    if (header.type === "hardlink") sums.set(key(components), sums.get(key(splitPath(header.linkName))) ?? "")
    const parent = key(components.slice(0, -1))
    const siblings = directories.get(parent) ?? []
    directories.set(parent, siblings)
    collectEntries(siblings, [entry])
  }
  return {
    root: { name: Buffer.from(path), type: "directory", sizeBytes: 0, mtime: 0 },
    list: async (components) => (directories.get(key(components)) ?? []).sort(byNameBytes),
    sum: async (components) => sums.get(key(components)) ?? "",
  }
}

const key = (components: readonly Buffer[]) => joinPath(components).toString("latin1")

/** A hard link is the file it is another name of. */
function entryOf(
  { type, sizeBytes, mtime, linkName }: TarHeader,
  name: Buffer,
  seen: Map<string, TreeEntry>,
): TreeEntry {
  if (type === "hardlink") {
    const file = seen.get(key(splitPath(linkName)))
    return { ...(file ?? { sizeBytes: 0, mtime: Math.floor(mtime) }), name, type: "file" }
  }
  const entry = { name, type, sizeBytes, mtime: Math.floor(mtime) }
  return type === "symlink" ? { ...entry, linkTarget: linkName } : entry
}
