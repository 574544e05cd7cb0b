import { Readable } from "node:stream"
import { extract } from "tar-stream"
import { reasonOf } from "../../src/api/reasons.ts"
import type { FilesClient } from "../../src/client/files-client.ts"
import type { ExpectedVolume } from "./row.ts"

type Inspect = NonNullable<ExpectedVolume["inspect"]>

/** A directory with so many entries `entry NUMBER`: each is listed once, and is in the archive once. */
export const manyEntries =
  (directory: string, count: number): Inspect =>
  async (client, volume, signal) => {
    const listed = new Tally(count)
    for await (const entries of client.list({ volume, components: [Buffer.from(directory)] }))
      for (const { display } of entries) listed.add(display)
    const archived = new Tally(count)
    for await (const { name } of membersOf(client, volume, signal))
      if (!name.endsWith("/")) archived.add(name.slice(name.lastIndexOf("/") + 1))
    return {
      compared: 2 * count,
      wrong: [
        ...listed.wrong().map((words) => `listing: ${words}`),
        ...archived.wrong().map((words) => `tar: ${words}`),
      ],
    }
  }

/** Each of so many numbers once. */
class Tally {
  readonly #seen: Uint8Array
  #strange = 0

  constructor(count: number) {
    this.#seen = new Uint8Array(count)
  }

  add(name: string): void {
    const at = Number(/^entry (\d+)$/.exec(name)?.[1])
    if (at < this.#seen.length) this.#seen[at] = Math.min(255, (this.#seen[at] ?? 0) + 1)
    else this.#strange++
  }

  wrong(): string[] {
    const missing = this.#seen.filter((times) => times === 0).length
    const repeated = this.#seen.filter((times) => times > 1).length
    return missing + repeated + this.#strange === 0
      ? []
      : [`${missing} missing, ${repeated} repeated, ${this.#strange} others`]
  }
}

/** Directories in directories, one in each: all of them are in the archive; a path beyond PATH_MAX is refused with words. */
export const tooDeep =
  (levels: number): Inspect =>
  async (client, volume, signal) => {
    let deepest = 0
    let bottom = false
    for await (const { name } of membersOf(client, volume, signal)) {
      deepest = Math.max(deepest, name.split("/").filter((part) => part.length === 255).length)
      bottom ||= name.endsWith("/bottom")
    }
    const components = (depth: number) =>
      Array.from({ length: depth }, (_, at) => Buffer.from(String(at + 1).padStart(3, "0") + "d".repeat(252)))
    const at = async (depth: number) => {
      try {
        let found = 0
        for await (const entries of client.list({ volume, components: components(depth) })) found += entries.length
        return String(found)
      } catch (error) {
        return reasonOf(error)
      }
    }
    const facts = { deepest, bottom, shallow: await at(14), beyond: await at(17) }
    const expected = { deepest: levels, bottom: true, shallow: "1", beyond: "UnsafePath" }
    const same = JSON.stringify(facts) === JSON.stringify(expected)
    return { compared: levels, wrong: same ? [] : [`${JSON.stringify(facts)} instead of ${JSON.stringify(expected)}`] }
  }

/** Files at the root, and what they hold; the volume may be mounted only for this. */
export const filesOf =
  (files: Readonly<Record<string, string>>): Inspect =>
  async (client, volume, signal) => {
    const wrong: string[] = []
    for (const [name, content] of Object.entries(files)) {
      const { body } = await client.content({ volume, components: [Buffer.from(name)] }, { start: 0 }, signal)
      const chunks: Buffer[] = []
      for await (const chunk of body) chunks.push(chunk)
      if (Buffer.concat(chunks).toString() !== content) wrong.push(`${name} has another content`)
    }
    return { compared: Object.keys(files).length, wrong }
  }

/**
 * Files at the root, beside a directory that is damaged: a listing of it, a search and the archive say so, and the files are
 * there before and after that.
 */
export const damagedBeside =
  (files: Readonly<Record<string, string>>, directory: string): Inspect =>
  async (client, volume, signal) => {
    const { compared, wrong } = await filesOf(files)(client, volume, signal)
    const fails = async (what: string, reading: () => Promise<void>) => {
      try {
        await reading()
        wrong.push(`${what} is whole`)
      } catch {
        signal.throwIfAborted()
      }
    }
    await fails("the listing", async () => {
      for await (const _ of client.list({ volume, components: [Buffer.from(directory)] }));
    })
    await fails("the archive", async () => {
      for await (const _ of await client.tar({ volume, components: [] }, signal));
    })
    let isSearched = false
    for await (const line of client.search({ volumes: [volume], components: [], types: [] }, signal))
      isSearched ||= line.event === "end" && line.complete
    if (isSearched) wrong.push("the search is whole")
    return { compared: compared + 3, wrong: [...wrong, ...(await filesOf(files)(client, volume, signal)).wrong] }
  }

/** A file at the root that is shown by this name. */
export const oneOfEach =
  (shown: string): Inspect =>
  async (client, volume) => {
    const names: string[] = []
    for await (const entries of client.list({ volume, components: [] }))
      names.push(...entries.map(({ display }) => display))
    return { compared: 1, wrong: names.includes(shown) ? [] : [`no ${shown} among ${names.join(", ")}`] }
  }

async function* membersOf(client: FilesClient, volume: string, signal: AbortSignal): AsyncGenerator<{ name: string }> {
  const tar = extract()
  Readable.from(await client.tar({ volume, components: [] }, signal)).pipe(tar)
  for await (const entry of tar) {
    yield entry.header
    entry.resume()
  }
}
