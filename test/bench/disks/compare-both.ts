import type { Volume } from "../../../src/guest/catalogue.ts"
import { compareCatalogue, unexpected } from "../../disks/compare-catalogue.ts"
import { compareVolume } from "../../disks/compare-volume.ts"
import { readTree } from "../../disks/read-tar.ts"
import type { ExpectedVolume, Row } from "../../disks/row.ts"
import { hashFile } from "../../support/hashes.ts"
import { bestFit } from "./differences.ts"
import { Guestfish, type Listed } from "./libguestfs.ts"
import { Ours } from "./ours.ts"
import type { Cost } from "./qemu-cost.ts"
import { secondsOf } from "./seconds.ts"

/** Something that one of the two has found on a row's disks. */
export interface Find {
  /** By whose name it is called there: `vg0-home ext4`, `/dev/vg0/home ext4`. */
  readonly name: string
  /** `Mounted`, another state, or what it was said to be. */
  readonly state: string
  readonly words?: string
  /** The volume whose tree was in it, by our name. */
  readonly tree?: string
  readonly compared: number
  readonly wrong: readonly string[]
}

/** What one of them made of a row's disks. */
export interface Finds {
  readonly finds: readonly Find[]
  /** From the start until everything was listed, and until all trees were read. */
  readonly openSeconds: number
  readonly tarSeconds: number
  /** When everything was listed. */
  readonly cost: Cost
  /** The disks' bytes are what they were. */
  readonly unchanged: boolean
}

export interface BothFinds {
  readonly row: string
  readonly ours: Finds & { readonly deviations: readonly string[] }
  readonly theirs?: Finds
}

/** Gives a row's disks to both, one after the other, and compares every tree that they read with what was put there. */
export async function compareBoth(row: Row, images: readonly string[], isBeside: boolean): Promise<BothFinds> {
  const ours = await guarded(images, () => findOurs(row, images))
  if (!isBeside) return { row: row.name, ours }
  return { row: row.name, ours, theirs: await guarded(images, () => findTheirs(row, images)) }
}

async function guarded<T extends object>(images: readonly string[], work: () => Promise<T>) {
  const sums = () => Promise.all(images.map(hashFile))
  const before = await sums()
  const found = await work()
  return { ...found, unchanged: before.join() === (await sums()).join() }
}

async function findOurs({ volumes, keys }: Row, images: readonly string[]) {
  await using ours = await Ours.open(images, keys)
  const comparison = compareCatalogue(volumes, (await ours.catalogue()).volumes)
  const deviations = [...comparison.deviations, ...comparison.left.map(unexpected)]
  const finds: Find[] = []
  let tarSeconds = 0
  for (const [wanted, volume] of comparison.matched) {
    const find = { name: nameOf(volume), state: volume.state, ...(volume.message && { words: volume.message }) }
    if (wanted.keeps === undefined || volume.state !== "Mounted") {
      finds.push({ ...find, compared: 0, wrong: [] })
      continue
    }
    const { seconds, tar } = await ours.tar(volume.path)
    tarSeconds += seconds
    const outcome = compareVolume(wanted, await readTree([tar]))
    finds.push({ ...find, tree: String(wanted.path), ...outcome })
    deviations.push(...outcome.wrong.map((words) => `${volume.path}: ${words}`))
  }
  return { finds, openSeconds: ours.seconds, cost: ours.cost, tarSeconds, deviations }
}

const nameOf = ({ path, filesystem, kind }: Volume) => `${path} ${filesystem ?? kind}`

async function findTheirs(row: Row, images: readonly string[]) {
  await using fish = await Guestfish.open(images)
  const { seconds: unlocking, value: listed } = await secondsOf(() => unlocked(fish, row))
  const left = new Set(row.volumes) // whose tree was not read yet: the same tree may be on several
  const finds: Find[] = []
  let tarSeconds = 0
  for (const { device, type } of listed) {
    const { seconds, value } = await secondsOf(() => findIn(fish, { device, type }, left))
    tarSeconds += seconds
    finds.push(value)
  }
  return { finds, openSeconds: fish.seconds + unlocking, cost: fish.cost, tarSeconds }
}

/** It is told of what is encrypted, and of the key, as a person would. */
async function unlocked(fish: Guestfish, { keys: [key] = [] }: Row): Promise<readonly Listed[]> {
  if (key?.value === undefined) return fish.filesystems
  const locked = await fish.encrypted()
  for (const [index, device] of locked.entries())
    await fish.unlock(device, `opened${index}`, key.value.reveal().toString())
  return [
    ...(await fish.list()),
    ...locked.map((_, index) => ({ device: `/dev/mapper/opened${index}`, type: "(unlocked)" })),
  ]
}

async function findIn(fish: Guestfish, { device, type }: Listed, left: Set<ExpectedVolume>): Promise<Find> {
  const name = `${device} ${type}`
  if (/^(swap|unknown)$/.test(type)) return { name, state: "listed", compared: 0, wrong: [] }
  const refused = await fish.mount(device)
  if (refused !== undefined) return { name, state: "not mounted", words: refused, compared: 0, wrong: [] }
  const { tar, errors } = await fish.tar("attributes")
  await fish.unmount()
  const fit = bestFit([...left], await readTree([tar]))
  if (fit?.whole) left.delete(fit.volume)
  if (!fit) return { name, state: "Mounted", compared: 0, wrong: [] }
  const words = errors.length > 0 ? { words: errors.join(" ") } : {}
  const { volume, compared, wrong } = fit
  return { name, state: "Mounted", ...words, tree: String(volume.path), compared, wrong }
}
