import { RecoveryError } from "../../api/reasons.ts"
import type { TarHeader } from "../../files/tar/header.ts"
import { type ClusterFlags, openCluster } from "../client/cluster.ts"
import type { FilesClient, Place } from "../../client/files-client.ts"
import type { CopyOptions } from "../copy/copy.ts"
import { download } from "../../client/download.ts"
import type { PodPath } from "./pod-path.ts"
import { secondsOf } from "../../extract/file-time.ts"
import { runInPod } from "./run-in-pod.ts"
import { safeArchive } from "./safe-archive.ts"
import { endOfArchive, padding } from "../../files/tar/block.ts"
import { encodeHeader } from "./tar-writer.ts"

export interface ToPod {
  readonly to: PodPath
  readonly container?: string
  readonly recursive: boolean
}

/** One thing to copy, of a session that is connected. */
export interface PodSource {
  readonly place: Place
  readonly files: FilesClient
}

/**
 * Copies files and directories into a directory of a running pod, by the pod's own tar. What arrives is an archive made
 * here, of checked names; owners are kept only where they were asked for, and where tar runs as root.
 */
export async function copyToPod(
  sources: AsyncIterable<PodSource>,
  { to, container, recursive }: ToPod,
  options: Omit<CopyOptions, "files">,
  flags: ClusterFlags,
): Promise<void> {
  const cluster = openCluster(flags)
  const keepsOwner = options.numericOwner || options.preserveSpecial
  await runInPod(cluster.config, {
    namespace: to.namespace ?? cluster.namespace,
    pod: to.pod,
    ...(container !== undefined && { container }),
    command: ["tar", "-x", ...(keepsOwner ? [] : ["-o"]), "-f", "-", "-C", to.path],
    input: archiveOf(sources, recursive, options),
    signal: options.signal,
  })
}

async function* archiveOf(
  sources: AsyncIterable<PodSource>,
  recursive: boolean,
  options: Omit<CopyOptions, "files">,
): AsyncGenerator<Buffer> {
  for await (const { place, files } of sources) {
    const as = place.components.at(-1) ?? Buffer.from(place.volume)
    if (!recursive) {
      yield* file(place, as, { ...options, files })
      continue
    }
    const { skipped, special, preserveSpecial: keepSpecial } = options
    const progress = (change: { files: number; bytes: number }) => options.progress.add(change)
    const stream = await files.tar(place, options.signal)
    yield* safeArchive(stream, { as, from: place.components, keepSpecial, skipped, special, progress })
  }
  yield endOfArchive
}

async function* file(place: Place, name: Buffer, options: CopyOptions): AsyncGenerator<Buffer> {
  const { files, progress, signal, preserveSpecial } = options
  const entry = await files.stat(place)
  if (entry.type === "directory")
    throw new RecoveryError("IsADirectory", `${entry.display || `/${place.volume}`} is a directory: copy it with -r.`)
  const content = await files.content(place, { start: 0 }, signal)
  const { sizeBytes, modified } = content
  progress.expect(sizeBytes)
  const isItself = entry.type === "file"
  const header: TarHeader = {
    type: "file",
    name,
    linkName: Buffer.alloc(0),
    sizeBytes,
    mode: isItself ? entry.mode & (preserveSpecial ? 0o7777 : 0o777) : 0o644,
    uid: isItself ? entry.uid : 0,
    gid: isItself ? entry.gid : 0,
    mtime: isItself ? secondsOf(entry.mtime) : (modified ?? new Date()).getTime() / 1000,
    deviceMajor: 0,
    deviceMinor: 0,
  }
  yield encodeHeader(header)
  for await (const chunk of download(files, place, content, signal, (why) => progress.say(`waiting: ${why}`))) {
    progress.add({ bytes: chunk.length })
    yield chunk
  }
  yield padding(sizeBytes)
  progress.add({ files: 1 })
}
