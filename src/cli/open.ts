import type { Command } from "commander"
import { RecoveryError } from "../api/reasons.ts"
import { maxRecoveryPoints as mostPoints } from "../api/spec.ts"
import { createLog } from "../observability/log.ts"
import { assertNameIsFree, localName, publishLocalSession } from "./client/local-session.ts"
import type { Context } from "./context.ts"
import { collect, formatOf } from "./context.ts"
import { type Journal, journalOf } from "./journal.ts"
import { openDataPath } from "./open/data-path.ts"
import { readKeys } from "./open/read-keys.ts"
import { print, structured } from "./output.ts"
import { volumeTable } from "./volume-table.ts"
import { wholeNumber } from "./whole-number.ts"

interface OpenFlags {
  readonly name: string
  readonly output?: string
  readonly memory?: string
  readonly cpus: string
  readonly kvm?: boolean
  readonly point: string[]
  readonly keyFile: string[]
  readonly journal?: Journal
  readonly verbose?: boolean
  readonly quiet?: boolean
}

const usualMiB = 512
/** LUKS2 mostly takes 1 GiB to make a key of a passphrase. */
const unlockMiB = 1600

/** Runs a verb given after `--`, on the session just opened. */
export type RunVerb = (args: readonly string[], defaultSession: string) => Promise<void>

const help = `
Raw images and block devices. The micro-VM's files are taken from $FILE_RECOVERY_APPLIANCE, or built and cached in a clone
of the repository. Without a verb, "open" prints what is on the disks and serves it until Ctrl-C:
  kubectl-recover open disk.img &
  kubectl-recover cp local:/disk-p1/etc/hosts .
With a verb it ends when that has ended:
  kubectl-recover open disk.img -- ls /disk-p1/etc
  kubectl-recover open a.img b.img -- cp -r /vg0-data/orders ./orders
Recovery points of the same disks, side by side and never mixed up, each in a micro-VM of its own:
  kubectl-recover open --point a.img,b.img --point a-old.img,b-old.img &
  kubectl-recover diff --points local:/vg0-data/etc
Keys of LUKS (passphrases, key files) and BitLocker (passwords, recovery keys, startup keys):
  kubectl-recover open disk.img --key-file - --key-file recovery-key.txt`

/** `open IMAGE...`: the whole data path on this machine, no cluster. */
export function addOpen(program: Command, context: Context, verb: readonly string[], runVerb: RunVerb): void {
  program
    .command("open")
    .description("look into disk images on this machine, without a cluster")
    .argument("[image...]", "raw disk images or block devices; those of one volume group together")
    .usage("[options] IMAGE... [-- VERB ...]")
    .option("--point <image,...>", "instead of IMAGE..., twice or more: the disks of one recovery point", collect, [])
    .option("--name <name>", "how other calls reach it: local, or local.NAME", "local")
    .option("-o, --output <format>", "json or yaml: the catalogue in full")
    .option("--key-file <file>", "key of an encrypted volume, - to type it or from stdin; again for more", collect, [])
    .option("--journal <replay|skip>", "what becomes of journals that were not written back", journalOf)
    .option("--memory <MiB>", `memory of the micro-VM (default: ${usualMiB}, with --key-file ${unlockMiB})`)
    .option("--cpus <n>", "CPUs of the micro-VM", "2")
    .option("--kvm", "use KVM where it is available")
    .option("-v, --verbose", "log what the parts do, on stderr")
    .option("-q, --quiet", "no progress")
    .addHelpText("after", help)
    .action((images: string[], flags: OpenFlags) => open(images, flags, context, verb, runVerb))
}

async function open(
  named: readonly string[],
  flags: OpenFlags,
  context: Context,
  verb: readonly string[],
  runVerb: RunVerb,
): Promise<void> {
  const { streams, signal } = context
  const output = formatOf(flags.output, ["json", "yaml"])
  if (!localName.test(flags.name)) throw new RecoveryError("UsageError", "--name must be local or local.NAME.")
  // one verb of its own needs no name that others could take or find
  const name = verb.length > 0 ? `local.p${process.pid}` : flags.name
  assertNameIsFree(name)
  const { images, points } = imagesOf(named, flags.point)
  const started = performance.now()
  const step = (what: string) => {
    const seconds = ((performance.now() - started) / 1000).toFixed(1)
    if (!flags.quiet) streams.err.write(`[${seconds.padStart(5)} s] ${what}\n`)
  }
  const memory = flags.memory ?? String(flags.keyFile.length > 0 ? unlockMiB : usualMiB)
  const memoryMiB = wholeNumber("--memory", memory, 128, 65_536)
  const keys = await readKeys(flags.keyFile, streams.err, signal)
  await using path = await openDataPath({
    images,
    ...(points && { points }),
    keys,
    journal: flags.journal ?? "Replay",
    memoryMiB,
    cpus: wholeNumber("--cpus", flags.cpus, 1, 64),
    accel: flags.kvm ? "kvm" : "tcg",
    log: createLog(flags.verbose ? "debug" : "error", {}, process.stderr),
    signal,
    step,
  })
  const retract = publishLocalSession(name, path.session)
  try {
    step("ready")
    if (verb.length > 0) return await runVerb(verb, name)
    const catalogue = path.source.catalogue()
    await print(streams.out, output === undefined ? volumeTable(catalogue.volumes) : structured(output, catalogue))
    if (!flags.quiet) streams.err.write(usage(name))
    await Promise.race([path.kept, interrupted(signal)])
    step("closing")
  } finally {
    retract()
  }
}

/** All images, and where they are of several recovery points, how many of them are each one's. */
function imagesOf(named: readonly string[], points: readonly string[]): { images: string[]; points?: number[] } {
  if (points.length === 0 && named.length > 0) return { images: [...named] }
  if (named.length > 0 || points.length < 2 || points.length > mostPoints)
    throw new RecoveryError(
      "UsageError",
      `Name the disk images of one machine, or with --point those of each of 2 to ${mostPoints} recovery points.`,
    )
  const lists = points.map((list) => list.split(",").filter((image) => image !== ""))
  if (lists.some(({ length }) => length === 0))
    throw new RecoveryError("UsageError", "--point names the images of one recovery point, with commas between them.")
  return { images: lists.flat(), points: lists.map(({ length }) => length) }
}

const usage = (name: string) =>
  `Served until Ctrl-C. In another terminal:
  kubectl-recover ls ${name}:/
  kubectl-recover cp ${name}:/VOLUME/PATH .
  kubectl-recover tar ${name}:/VOLUME/PATH -f archive.tar
  kubectl-recover sftp ${name}
`

function interrupted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined)
    else signal.addEventListener("abort", () => resolve(undefined), { once: true })
  })
}
