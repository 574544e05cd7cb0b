import { readdirSync, readFileSync } from "node:fs"

/** What runs for a session and the operator, by what its command line says. QEMU belongs to the restore pod. */
const parts: [name: string, words: RegExp][] = [
  ["operator", /\/app\/operator\.mjs/],
  ["target", /^node \/app\/target\.mjs/],
  ["restore: files", /^node \/app\/restore\.mjs files/],
  ["restore: guest", /^node \/app\/restore\.mjs guest/],
  ["restore: QEMU", /^qemu-system.*-sandbox/],
]

/** Resident memory (MiB) of every process of the operator and of sessions. The test cluster's nodes share this machine's /proc. */
export function memory(): string {
  const found = readdirSync("/proc")
    .filter((name) => /^[0-9]+$/.test(name))
    .flatMap((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ")
        const part = parts.find(([, words]) => words.test(command))
        const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]
        return part && kib ? [`${part[0]} ${Math.round(Number(kib) / 1024)} MiB`] : []
      } catch {
        return [] // ended meanwhile
      }
    })
  return found.sort().join(", ")
}

/** When each part of "apply to Ready" was done, from the lines `waitForPhase` told: seconds since the apply. */
export function milestones(lines: readonly string[]): string {
  const asked: [string, RegExp][] = [
    ["clones bound", /VolumesReady=True/],
    ["target serves", /TargetServing=True/],
    ["guest up, disks attached", /Mounted=False Mounting/],
    ["mounted, Ready", /Ready=True Mounted/],
  ]
  return asked
    .map(
      ([name, words]) =>
        `${name} ${
          lines
            .find((line) => words.test(line))
            ?.trim()
            .split(" ")[0] ?? "?"
        } s`,
    )
    .join(", ")
}
