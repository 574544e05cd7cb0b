import { closeSync, constants, fchmodSync, fchownSync, futimesSync, mkdirSync, openSync } from "node:fs"
import { RecoveryError } from "../api/reasons.ts"
import { displayName } from "../files/names.ts"
import { joinPath } from "../files/path.ts"
import { fileTime } from "./file-time.ts"
import { childPath, type FileMetadata, statOf } from "./part-file.ts"

const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = constants

interface OpenDirectory {
  readonly components: readonly Buffer[]
  readonly metadata: FileMetadata
}

/**
 * A directory of this machine that is written to by names from strangers. Every component below the root is looked at
 * before use and must be a real directory: a symbolic link, also one that was there before, is never walked through.
 */
export class SafeTree {
  readonly #root: Buffer
  /** Directories made here whose mode and time are set when their content is complete, outermost first. */
  readonly #unfinished: OpenDirectory[] = []

  /** `root`: an existing directory, trusted, as the user named it. */
  constructor(root: Buffer) {
    this.#root = root
  }

  /** The path of the directory that holds the last component; made when missing. */
  parentOf(components: readonly Buffer[]): Buffer {
    this.#finishOutside(components)
    return this.#walk(components.slice(0, -1), true)
  }

  /** The path of a regular file that is there already, for a hard link. A link to a link would be a way out. */
  regularFile(components: readonly Buffer[]): Buffer {
    const path = this.#existing(components)
    if (!statOf(path)?.isFile())
      throw new RecoveryError(
        "UnsafePath",
        `the hard link leads to ${displayName(joinPath(components).subarray(1))}, no regular file of this copy`,
      )
    return path
  }

  /**
   * Makes a directory, or uses the one there. One made here gets the metadata when another part of the tree begins, and its
   * path is the answer.
   */
  directory(components: readonly Buffer[], metadata: FileMetadata): Buffer | undefined {
    const parent = this.parentOf(components)
    if (enter(parent, components, true) === "there") return undefined
    this.#unfinished.push({ components, metadata })
    return childPath(parent, last(components))
  }

  /** Sets mode and time of all directories that still wait for it. */
  finish(): void {
    this.#finishOutside([])
  }

  #existing(components: readonly Buffer[]): Buffer {
    return childPath(this.#walk(components.slice(0, -1), false), last(components))
  }

  #walk(components: readonly Buffer[], make: boolean): Buffer {
    let path = this.#root
    for (let depth = 1; depth <= components.length; depth++) {
      enter(path, components.slice(0, depth), make)
      path = childPath(path, last(components.slice(0, depth)))
    }
    return path
  }

  /** Innermost first: a directory without write permission can't be changed within any more. */
  #finishOutside(components: readonly Buffer[]): void {
    for (let open = this.#unfinished.at(-1); open; open = this.#unfinished.at(-1)) {
      if (
        components.length > open.components.length &&
        open.components.every((part, at) => components[at]?.equals(part))
      )
        return
      this.#unfinished.pop()
      setMetadata(this.#existing(open.components), open.metadata)
    }
  }
}

/** Makes sure that the last component is a directory within `parent`. */
function enter(parent: Buffer, components: readonly Buffer[], make: boolean): "made" | "there" {
  const path = childPath(parent, last(components))
  const found = statOf(path)
  if (found?.isDirectory()) return "there"
  const shown = displayName(joinPath(components).subarray(1))
  if (found?.isSymbolicLink())
    throw new RecoveryError("UnsafePath", `${shown} is a symbolic link here: nothing is written through it.`)
  if (found) throw new RecoveryError("NotADirectory", `${shown} is in the way: it is not a directory.`)
  if (!make) throw new RecoveryError("PathNotFound", `${shown} is not there.`)
  mkdirSync(path, 0o700)
  return "made"
}

function setMetadata(path: Buffer, { mode, mtime, owner }: FileMetadata): void {
  const directory = openSync(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
  try {
    if (owner) fchownSync(directory, owner.uid, owner.gid)
    fchmodSync(directory, mode)
    futimesSync(directory, fileTime(mtime), fileTime(mtime))
  } finally {
    closeSync(directory)
  }
}

function last(components: readonly Buffer[]): Buffer {
  const name = components.at(-1)
  if (name === undefined) throw new RecoveryError("Internal", "The root of a tree has no name.")
  return name
}
