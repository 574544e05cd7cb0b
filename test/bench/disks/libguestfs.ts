import { type ChildProcessByStdio, execFile, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, readFile, rm } from "node:fs/promises"
import { homedir } from "node:os"
import { basename, dirname, join } from "node:path"
import { createInterface } from "node:readline"
import type { Readable, Writable } from "node:stream"
import { promisify } from "node:util"
import { cachePath, exists } from "../../support/guest/image-cache.ts"
import { type Cost, noCost, qemuCost } from "./qemu-cost.ts"
import { secondsOf } from "./seconds.ts"

/** Where scripts/libguestfs.sh makes its root. */
const root = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "file-recovery/libguestfs-bookworm")

/** Why libguestfs can't be measured here, in words; undefined when it can. */
export async function whyNoLibguestfs(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return "libguestfs is not measured: its root is entered with chroot, as root only."
  if (!(await exists(root))) return "libguestfs is not measured: run scripts/setup.sh --bench, as root, once."
  return undefined
}

/** A file system that it lists: `/dev/sda1`, `btrfsvol:/dev/sda/@home`. */
export interface Listed {
  readonly device: string
  readonly type: string
}

/** What its answer to a command was: lines, and lines in which it complains. */
interface Answer {
  readonly lines: readonly string[]
  readonly errors: readonly string[]
}

/**
 * A program of the root. It sees the images, read-only, and a folder for what it writes; the mounts are those of the program
 * and end with it.
 */
function command(program: readonly string[], out = "/var/empty"): [string, string[]] {
  const script = `
    root=$1 images=$2 out=$3; shift 3
    mount -t proc proc "$root/proc"; mount --bind /dev "$root/dev"
    mount --bind "$images" "$root/images"; mount -o remount,bind,ro "$root/images"; mount --bind "$out" "$root/out"
    exec chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \\
      LIBGUESTFS_BACKEND=direct LIBGUESTFS_BACKEND_SETTINGS=force_tcg "$@"`
  const images = dirname(cachePath("x"))
  return ["unshare", ["--mount", "--propagation", "private", "sh", "-ec", script, "-", root, images, out, ...program]]
}

/** An image of the cache, as the root sees it. */
const seen = (image: string) => join("/images", basename(dirname(image)), basename(image))
const drives = (images: readonly string[]) => images.flatMap((image) => ["--format=raw", "-a", seen(image)])

/** `virt-filesystems --all --long`: what it says, and how long that takes from its start to its end. */
export async function virtFilesystems(images: readonly string[]): Promise<{ seconds: number; text: string }> {
  const [program, args] = command(["virt-filesystems", "--all", "--long", ...drives(images)], "/tmp")
  const { seconds, value } = await secondsOf(() => promisify(execFile)(program, args, { maxBuffer: 16 << 20 }))
  return { seconds, text: value.stdout }
}

/** A guestfish that holds some images, read-only, until it is disposed of. */
export class Guestfish implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>
  readonly #closed: Promise<unknown>
  readonly #lines: AsyncIterator<string>
  readonly #out: string
  #asked = 0
  #filesystems: readonly Listed[] = []
  #seconds = 0
  #cost: Cost = noCost

  private constructor(images: readonly string[], out: string) {
    // 2>&1: what it complains of stands where it belongs
    const guestfish = ["guestfish", "--ro", "--keys-from-stdin", ...drives(images)]
    const [program, args] = command(["sh", "-c", 'exec stdbuf -oL "$@" 2>&1', "-", ...guestfish], out)
    this.#child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] })
    this.#child.stdin.on("error", () => undefined) // when it has ended by itself, which its answers tell
    this.#closed = once(this.#child, "close")
    this.#lines = createInterface(this.#child.stdout)[Symbol.asyncIterator]()
    this.#out = out
  }

  /** Starts it, and lists file systems. */
  static async open(images: readonly string[]): Promise<Guestfish> {
    const fish = new Guestfish(images, await mkdtemp("/tmp/frk-guestfish-"))
    try {
      const { seconds, value } = await secondsOf(async () => {
        await fish.#ask("run")
        return await fish.list()
      })
      fish.#seconds = seconds
      fish.#filesystems = value
      fish.#cost = await qemuCost(fish.#child.pid ?? 0)
      return fish
    } catch (error) {
      await fish[Symbol.asyncDispose]()
      throw error
    }
  }

  /** From the program's start until it has listed file systems. */
  get seconds(): number {
    return this.#seconds
  }

  /** When it had just listed them. */
  get cost(): Cost {
    return this.#cost
  }

  get filesystems(): readonly Listed[] {
    return this.#filesystems
  }

  async list(): Promise<Listed[]> {
    const { lines } = await this.#ask("list-filesystems")
    return lines.map((line) => ({ device: line.replace(/: \S*$/, ""), type: line.replace(/^.*: /, "") }))
  }

  /** Devices that are encrypted: it lists them as devices, but not as file systems. */
  async encrypted(): Promise<string[]> {
    const found: string[] = []
    for (const what of ["list-devices", "list-partitions", "lvs"])
      for (const device of (await this.#ask(what)).lines) {
        const { lines } = await this.#ask(`vfs-type "${device}"`)
        if (lines[0] === "crypto_LUKS") found.push(device)
      }
    return found
  }

  /** Opens an encrypted device, after which other file systems are listed; `/dev/mapper/NAME` itself never is. */
  async unlock(device: string, name: string, key: string): Promise<void> {
    await this.#ask(`cryptsetup-open ${device} ${name} readonly:true`, `${key}\n`)
    await this.#ask("lvm-scan true")
  }

  /** Mounts it, read-only. Says why that can't be. */
  async mount(device: string): Promise<string | undefined> {
    const { errors } = await this.#ask(`mount-ro "${device}" /`)
    return errors.length > 0 ? errors.join(" ") : undefined
  }

  async unmount(): Promise<void> {
    await this.#ask("umount-all")
  }

  /** The archive of what is mounted: with all that it can put into it, or as it does unless it is told. */
  async tar(how: "attributes" | "plain"): Promise<{ seconds: number; tar: Buffer; errors: readonly string[] }> {
    const { seconds, value: errors } = await secondsOf(() => this.tarOut("/", how, "tree.tar"))
    const file = join(this.#out, "tree.tar")
    const tar = await readFile(file).catch(() => Buffer.alloc(0))
    await rm(file, { force: true })
    return { seconds, tar, errors }
  }

  /** Seconds that a file takes to be here, and where it is then. */
  async download(path: string): Promise<{ seconds: number; file: string }> {
    const { seconds } = await secondsOf(() => this.downloadAs(path, "file"))
    return { seconds, file: join(this.#out, "file") }
  }

  /** Where it writes what it is told to write. */
  get out(): string {
    return this.#out
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** The archive of a directory, to a file of `out`; what it complained of. */
  async tarOut(directory: string, how: "attributes" | "plain", name: string): Promise<readonly string[]> {
    const options = how === "attributes" ? "numericowner:true xattrs:true acls:true" : ""
    return (await this.#ask(`tar-out "${directory}" "/out/${name}" ${options}`)).errors
  }

  /** A file, to one of `out`; what it complained of. */
  async downloadAs(path: string, name: string): Promise<readonly string[]> {
    return (await this.#ask(`download "${path}" "/out/${name}"`)).errors
  }

  /** Names in a directory, a line each, to a file of `out`; what it complained of. */
  async listTo(directory: string, name: string): Promise<readonly string[]> {
    return (await this.#ask(`ls "${directory}" | cat >"/out/${name}"`)).errors
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin.end("exit\n")
    await this.#closed
    await rm(this.#out, { recursive: true, force: true })
  }

  /** Has it do something, and hears it out. In front of it: that an error doesn't end it. */
  async #ask(words: string, input = ""): Promise<Answer> {
    const end = `end of answer ${++this.#asked}`
    this.#child.stdin.write(`-${words}\n${input}echo "${end}"\n`)
    const lines: string[] = []
    const errors: string[] = []
    for (;;) {
      const { value, done } = await this.#lines.next()
      if (done === true) throw new Error(`guestfish ended at "${words}": ${[...lines, ...errors].join(" ")}`)
      if (value === end) return { lines, errors }
      const [, complaint] = /^(?:libguestfs: )?error: (.*)$/.exec(value) ?? []
      if (complaint === undefined) lines.push(value)
      else errors.push(complaint)
    }
  }
}
