import { displayName, percentDecode } from "../../files/names.ts"
import type { ClusterFlags } from "../client/cluster.ts"
import type { FilesClient } from "../../client/files-client.ts"
import { sessionFiles } from "../client/session-files.ts"
import { printable } from "../printable.ts"
import { parseRemotePath } from "../remote-path.ts"
import type { Candidate } from "./complete.ts"
import { isReadable, sessionNames } from "./names.ts"

/** Places in sessions: `orders:/` for the sessions, then, by asking the session itself, its volumes and what is in them. */
export async function remotePlaces(typed: string, flags: ClusterFlags): Promise<Candidate[]> {
  const colon = typed.indexOf(":")
  if (colon === -1) {
    const names = await sessionNames(flags, typed, isReadable)
    return names.map((name) => ({ value: `${name}:/` }))
  }
  if (typed.length === colon + 1) return [{ value: `${typed}/` }]
  const directory = typed.slice(0, typed.lastIndexOf("/") + 1)
  const { volume, components, ...where } = parseRemotePath(directory)
  const files = await sessionFiles(where, flags)
  try {
    const names = volume === undefined ? await volumesOf(files) : await entriesOf(files, volume, components)
    return names.map(({ value, ...rest }) => ({ value: directory + value, ...rest }))
  } finally {
    files.close()
  }
}

async function volumesOf(files: FilesClient): Promise<Candidate[]> {
  const { volumes } = await files.volumes()
  return volumes
    .filter(({ state }) => state === "Mounted" || state === "Available")
    .map(({ path, filesystem }) => ({
      value: `${displayName(Buffer.from(path))}/`,
      ...(filesystem !== undefined && { about: printable(filesystem) }),
    }))
}

/** The first page: nobody chooses among more by hand. */
async function entriesOf(files: FilesClient, volume: string, components: readonly Buffer[]): Promise<Candidate[]> {
  for await (const page of files.list({ volume, components }))
    return page.map(({ name, type }) => ({
      value: displayName(percentDecode(name)) + (type === "directory" ? "/" : ""),
    }))
  return []
}
