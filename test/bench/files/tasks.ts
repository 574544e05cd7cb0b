import { join } from "node:path"
import type { Guestfish } from "../disks/libguestfs.ts"
import type { Clients } from "./clients.ts"
import type { FileSet } from "./file-set.ts"

/** One way to read something: it leaves in an empty folder what it has read (see contents.ts). */
export interface Way<Source> {
  readonly name: string
  /** It reads only some of what the others do: how much. */
  readonly part?: number
  /** `copy`: which copy of the files is its own. */
  readonly read: (source: Source, into: string, copy: number) => Promise<unknown>
}

/** Something to be read, and the ways to do it. */
export interface Task {
  /** For `--only`. */
  readonly key: string
  readonly what: string
  readonly unit: "MiB" | "files" | "entries"
  readonly amount: number
  /** Files or names that must be there then. */
  readonly count: number
  /** How many times as fast as libguestfs it has to be here, without KVM on either side. */
  readonly goal?: number
  readonly ours: readonly Way<Clients>[]
  readonly theirs: readonly Way<Guestfish>[]
}

const firstPage = 1000
const ten = Array.from({ length: 10 }, (_, at) => `${at}`)
const atOnce = (read: (name: string) => Promise<void>) => Promise.all(ten.map(read))

/** libguestfs does one thing at a time: what is read at once here is read there one after the other, by one guest. */
async function inTurn(read: (name: string) => Promise<readonly string[]>): Promise<void> {
  for (const name of ten) sound(await read(name))
}

export function tasksOf({ entries, files, largeMiB, eachMiB }: FileSet): Task[] {
  return [
    {
      key: "page",
      what: `a directory of ${entries} entries`,
      unit: "entries",
      amount: entries,
      count: entries,
      ours: [
        {
          name: `HTTP, first page of ${Math.min(firstPage, entries)}`,
          part: Math.min(firstPage, entries),
          read: (clients, into, copy) =>
            clients.http("list", `/many-${copy}`, `&limit=${firstPage}`, join(into, "page.json")),
        },
        {
          name: "kubectl-recover ls, all",
          read: (clients, into, copy) => clients.ls(`/many-${copy}`, join(into, "all.names")),
        },
      ],
      theirs: [{ name: "ls", read: async (fish, _, copy) => sound(await fish.listTo(`/many-${copy}`, "all.names")) }],
    },
    {
      key: "tree",
      what: `${files} files of 4 KiB as tar`,
      unit: "files",
      amount: files,
      count: files,
      goal: 1.5,
      ours: [
        {
          name: "kubectl-recover tar",
          read: (clients, into, copy) => clients.tar(`/tree-${copy}`, join(into, "tree.tar")),
        },
        {
          name: "HTTP",
          read: (clients, into, copy) =>
            clients.http("archive", `/tree-${copy}`, "&format=tar", join(into, "tree.tar")),
        },
      ],
      theirs: [
        {
          name: "tar-out xattrs:true acls:true",
          read: async (fish, _, copy) => sound(await fish.tarOut(`/tree-${copy}`, "attributes", "tree.tar")),
        },
        {
          name: "tar-out, without attributes",
          read: async (fish, _, copy) => sound(await fish.tarOut(`/tree-${copy}`, "plain", "tree.tar")),
        },
      ],
    },
    {
      key: "large",
      what: `a file of ${largeMiB} MiB`,
      unit: "MiB",
      amount: largeMiB,
      count: 1,
      goal: 3,
      ours: [
        { name: "kubectl-recover cp", read: (clients, into, copy) => clients.cp(`/large-${copy}`, join(into, "file")) },
        {
          name: "HTTP",
          read: (clients, into, copy) => clients.http("content", `/large-${copy}`, "", join(into, "file")),
        },
        { name: "SFTP", read: (clients, into, copy) => clients.sftp(`/large-${copy}`, join(into, "file")) },
      ],
      theirs: [
        { name: "download", read: async (fish, _, copy) => sound(await fish.downloadAs(`/large-${copy}`, "file")) },
      ],
    },
    {
      key: "ten",
      what: `ten files of ${eachMiB} MiB at once`,
      unit: "MiB",
      amount: 10 * eachMiB,
      count: 10,
      goal: 3,
      ours: [
        {
          name: "HTTP",
          read: (clients, into, copy) =>
            atOnce((name) => clients.http("content", `/ten-${copy}/${name}`, "", join(into, name))),
        },
        {
          name: "SFTP",
          read: (clients, into, copy) => atOnce((name) => clients.sftp(`/ten-${copy}/${name}`, join(into, name))),
        },
      ],
      theirs: [
        {
          name: "download, in turn",
          read: (fish, _, copy) => inTurn((name) => fish.downloadAs(`/ten-${copy}/${name}`, name)),
        },
      ],
    },
    {
      key: "readers",
      what: `ten readers of one file of ${eachMiB} MiB`,
      unit: "MiB",
      amount: 10 * eachMiB,
      count: 10,
      goal: 3,
      ours: [
        {
          name: "HTTP",
          read: (clients, into, copy) =>
            atOnce((name) => clients.http("content", `/one-${copy}`, "", join(into, name))),
        },
        {
          name: "SFTP",
          read: (clients, into, copy) => atOnce((name) => clients.sftp(`/one-${copy}`, join(into, name))),
        },
      ],
      theirs: [
        { name: "download, in turn", read: (fish, _, copy) => inTurn((name) => fish.downloadAs(`/one-${copy}`, name)) },
      ],
    },
  ]
}

/** It must not have complained. */
function sound(errors: readonly string[]): void {
  if (errors.length > 0) throw new Error(`guestfish: ${errors.join(" ")}`)
}
