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
    const { volume, path } = place
    const attributes = await this.attributes(place, true)
    const type = fileType(attributes)
    if (type === "directory") throw new RecoveryError("IsADirectory", `${displayName(path)} is a directory.`)
    if (type !== "file")
      throw new RecoveryError("AccessDenied", `${displayName(path)} is a ${type}: it has no content.`)
    return new OpenFile(() => this.#source.open(volume), path, attributes)
  }

  async openDirectory(place: Place): Promise<OpenDirectory> {
    if (place.volume === undefined) return new OpenDirectory(this.#volumes(), { release: () => undefined })
    if (fileType(await this.attributes(place, true)) !== "directory")
      throw new RecoveryError("NotADirectory", `${displayName(place.path)} is not a directory.`)
    const reader = await this.#source.open(place.volume)
    return new OpenDirectory(reader.list(place.path), reader)
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
}
