import { RecoveryError } from "../../api/reasons.ts"
import { fileType } from "../entry.ts"
import { displayName } from "../names.ts"
import type { Attributes, DirectoryEntry, FileSource, VolumeReader } from "../source.ts"
import { rootAttributes } from "./attributes.ts"
import { OpenDirectory, OpenFile } from "./handles.ts"
import type { Place } from "./place.ts"

/** What SFTP shows: a root that holds a directory for each volume that can be read, named as in the catalogue. */
export class Tree {
  readonly #source: FileSource

  constructor(source: FileSource) {
    this.#source = source
  }

  /** What is at a place; `follow`: behind symbolic links, which stay within the volume. */
  attributes(place: Place, follow: boolean): Promise<Attributes> {
    if (place.volume === undefined) return Promise.resolve(rootAttributes)
    const { path } = place
    return this.#with(place.volume, (reader) => (follow ? reader.stat(path) : reader.lstat(path)))
  }

  readLink(place: Place): Promise<Buffer> {
    if (place.volume === undefined) throw new RecoveryError("UsageError", "/ is no symbolic link.")
    const { path } = place
    return this.#with(place.volume, (reader) => reader.readlink(path))
  }

  async openFile(place: Place): Promise<OpenFile> {
    if (place.volume === undefined) throw new RecoveryError("IsADirectory", "/ is a directory.")
    const { path } = place
    return this.#open(place.volume, async (reader) => {
      const attributes = await reader.stat(path)
      const type = fileType(attributes)
      if (type === "directory") throw new RecoveryError("IsADirectory", `${displayName(path)} is a directory.`)
      if (type !== "file")
        throw new RecoveryError("AccessDenied", `${displayName(path)} is a ${type}: it has no content.`)
      return new OpenFile(reader, path, attributes)
    })
  }

  async openDirectory(place: Place): Promise<OpenDirectory> {
    if (place.volume === undefined) return new OpenDirectory(this.#volumes(), () => undefined)
    const { path } = place
    return this.#open(place.volume, async (reader) => {
      if (fileType(await reader.stat(path)) !== "directory")
        throw new RecoveryError("NotADirectory", `${displayName(path)} is not a directory.`)
      return new OpenDirectory(reader.list(path), () => reader.release())
    })
  }

  async *#volumes(): AsyncGenerator<DirectoryEntry[]> {
    const shown = this.#source.catalogue().volumes.filter(({ state }) => state === "Mounted" || state === "Available")
    yield shown.map(({ path }) => ({ name: Buffer.from(path), ...rootAttributes }))
  }

  async #with<T>(volume: string, use: (reader: VolumeReader) => Promise<T>): Promise<T> {
    const reader = await this.#source.open(volume)
    try {
      return await use(reader)
    } finally {
      reader.release()
    }
  }

  /** What is opened keeps its reader. */
  async #open<T>(volume: string, open: (reader: VolumeReader) => Promise<T>): Promise<T> {
    const reader = await this.#source.open(volume)
    try {
      return await open(reader)
    } catch (error) {
      reader.release()
      throw error
    }
  }
}
