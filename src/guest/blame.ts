/**
 * What a guest does that may end it: booting, and all that makes its kernel read what an enemy may have written. Volumes are
 * called by their anchors (anchors.ts), disks by their serials.
 */
export type Deed =
  | { readonly kind: "boot" }
  | { readonly kind: "look"; readonly disks: readonly string[] }
  | { readonly kind: "unlock" | "mount" | "read"; readonly volume: string }

/**
 * `panicked`: the machine reset itself. `hung`: its agent did not answer any more, or talked nonsense. `vanished`: QEMU was
 * gone without a word; it may have been killed by somebody else. `starved`: the storage was away, or its node gave it no CPU;
 * nothing can be told.
 */
export type HowItEnded = "panicked" | "hung" | "vanished" | "starved"

/** The end of a guest that nobody asked for. */
export interface Death {
  readonly how: HowItEnded
  readonly underWay: readonly Deed[]
}

export interface Verdict {
  /** What the next guest leaves out, and why, in words. */
  readonly volumes: ReadonlyMap<string, string>
  readonly disks: ReadonlyMap<string, string>
  /** Volumes that are handled one at a time, after all others: the next death tells which of them it was. */
  readonly suspects: ReadonlySet<string>
  /** One of these disks ends the guest as soon as it is looked at: the next guest is only there to find out which. */
  readonly trial?: readonly string[]
  /** The next guest gets its disks only when it has booted: then it is clear which of both it doesn't survive. */
  readonly bootFirst: boolean
  /** Deaths that nothing explains. */
  readonly unexplained: number
}

/**
 * Who ended the guests. A kernel that panics while one volume is mounted or unlocked, and nothing else, convicts that volume;
 * whatever else was under way twice is convicted by the second time, of several all that were (four times, where QEMU just
 * was gone while it was read). What a convicted volume was
 * part of is explained by it, and speaks against nobody else. Disks that are looked at are told apart by halves.
 */
export function blame(deaths: readonly Death[]): Verdict {
  const told = deaths.filter(({ how }) => how !== "starved")
  const volumes = new Map<string, string>()
  const disks = new Map<string, string>()
  for (;;) {
    const open = told.filter((death) => !explained(death, volumes, disks))
    const [guilty, disk] = [guiltyVolumes(open), guiltyDisk(open)]
    for (const [volume, why] of guilty) volumes.set(volume, why)
    if (disk !== undefined) disks.set(...disk)
    if (guilty.size > 0 || disk !== undefined) continue
    const looks = open.filter(isLook)
    const trial = looks.length > 1 ? lookedAt(looks.at(-1)) : undefined
    return {
      volumes,
      disks,
      suspects: new Set(open.flatMap(volumesOf)),
      ...(trial && { trial }),
      bootFirst: told.some(({ underWay }) => underWay.some(({ kind }) => kind === "boot")),
      unexplained: open.filter((death) => volumesOf(death).length === 0 && lookedAt(death) === undefined).length,
    }
  }
}

/** The ends of guests without those at looking at disks: a trial has shown that none of the disks does it by itself. */
export const acquitted = (deaths: readonly Death[]): Death[] => deaths.filter((death) => !isLook(death))

const isLook = (death: Death) => volumesOf(death).length === 0 && lookedAt(death) !== undefined

const volumesOf = ({ underWay }: Death) => [
  ...new Set(underWay.flatMap((deed) => ("volume" in deed ? [deed.volume] : []))),
]

/** The disks that a guest died of looking at: of several looks under way, the one at the fewest. */
function lookedAt(death: Death | undefined): readonly string[] | undefined {
  const looks = (death?.underWay ?? []).flatMap((deed) =>
    deed.kind === "look" && deed.disks.length > 0 ? [deed.disks] : [],
  )
  return looks.sort((a, b) => a.length - b.length)[0]
}

function explained(death: Death, volumes: ReadonlyMap<string, string>, disks: ReadonlyMap<string, string>): boolean {
  const seen = volumesOf(death)
  if (seen.length > 0) return seen.some((volume) => volumes.has(volume))
  return lookedAt(death)?.some((disk) => disks.has(disk)) === true
}

/** Volumes that are convicted next, and why, in words. */
function guiltyVolumes(deaths: readonly Death[]): ReadonlyMap<string, string> {
  for (const { how, underWay } of deaths) {
    const volumes = underWay.filter((deed) => "volume" in deed)
    const [first] = volumes
    if (first === undefined || how !== "panicked" || volumes.some((deed) => deed.volume !== first.volume)) continue
    const doing = volumes.find(({ kind }) => kind !== "read")
    if (doing) return new Map([[first.volume, inWords(doing.kind, 1, how)]])
  }
  const strikes = Map.groupBy(deaths.flatMap(strikesOf), ({ volume }) => volume)
  const sums = new Map([...strikes].map(([volume, all]) => [volume, all.reduce((sum, { weight }) => sum + weight, 0)]))
  const most = Math.max(0, ...sums.values())
  if (most < 2) return new Map()
  return new Map(
    [...strikes].flatMap(([volume, all]) => {
      const last = all.at(-1)
      return last === undefined || sums.get(volume) !== most ? [] : [[volume, inWords(last.kind, all.length, last.how)]]
    }),
  )
}

/** What a death says against each volume that was under way. QEMU that is killed during a download had nothing to do with it, mostly. */
function strikesOf({ how, underWay }: Death) {
  const deeds = new Map(
    underWay.flatMap((deed) => ("volume" in deed ? [[deed.volume, deed.kind] as const] : [])).sort(byWeight),
  )
  return [...deeds].map(([volume, kind]) => {
    return { volume, kind, how, weight: how === "vanished" && kind === "read" ? 0.5 : 1 }
  })
}

/** Reads first: what else is done to the volume counts more. */
const byWeight = ([, a]: readonly [string, Deed["kind"]], [, b]: readonly [string, Deed["kind"]]) =>
  Number(a !== "read") - Number(b !== "read")

/** A disk that was the only one looked at, where it is not the first time, and why. */
function guiltyDisk(deaths: readonly Death[]): readonly [disk: string, why: string] | undefined {
  const looks = deaths.filter(isLook)
  for (const death of looks) {
    const [alone, ...others] = lookedAt(death) ?? []
    if (alone === undefined || others.length > 0) continue
    const times = looks.filter((death) => lookedAt(death)?.includes(alone)).length
    if (times > 1) return [alone, inWords("look", times, death.how)]
  }
  return undefined
}

const doings = { boot: "", look: "looked at", mount: "mounted", unlock: "unlocked", read: "read" } as const
const hows = {
  panicked: "its kernel panicked",
  hung: "it did not answer any more",
  vanished: "QEMU ended",
  starved: "it waited for its disks, or for CPU",
} as const

function inWords(kind: Deed["kind"], times: number, how: HowItEnded): string {
  const often = times === 1 ? "once" : times === 2 ? "twice" : `${times} times`
  return `It ended the micro-VM ${often} while it was being ${doings[kind]} (${hows[how]}), and is left out.`
}
