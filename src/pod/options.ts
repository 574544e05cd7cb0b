import { networkInterfaces } from "node:os"
import { parseArgs } from "node:util"
import { z } from "zod"
import { RecoveryError } from "../api/reasons.ts"

/** The command lines of the pods' processes. Each says UsageError with the option's name when it doesn't understand. */
const uid = z.string().regex(/^[A-Za-z0-9-]{1,64}$/)
const port = z.coerce.number().int().min(0).max(65535)
const instant = z.iso.datetime({ offset: true }).transform((text) => new Date(text))
const directory = z.string().min(1)
const iqn = z.string().regex(/^iqn\.[a-z0-9.:-]{1,219}$/)
const serial = "[A-Za-z0-9-]{1,36}"
const diskName = "[^=]{1,253}"
const list = <S extends z.ZodType>(item: S) => z.array(item).min(1).max(256)

/** All addresses of the pod: `::` takes IPv4, too, but doesn't exist on nodes without IPv6. */
function anyAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? [])
  return addresses.some(({ family }) => family === "IPv6") ? "::" : "0.0.0.0"
}

const common = {
  "session-uid": uid,
  "session-name": z.string().regex(/^[^/]+\/[^/]+$/),
  deadline: instant,
  secrets: directory,
  "control-port": port.default(9443),
  host: z.string().default(anyAddress),
  "termination-log": z.string().default("/dev/termination-log"),
  "log-level": z.enum(["debug", "info", "warn", "error"]).default("info"),
}

const targetSchema = z.object({
  ...common,
  iqn,
  "iscsi-port": port.default(3260),
  /** NAME=SERIAL=PATH: a block device, or a file with a raw image. */
  disk: list(
    z
      .string()
      .regex(new RegExp(`^${diskName}=${serial}=.+$`, "s"))
      .transform((text) => {
        const [name = "", serial = "", ...path] = text.split("=")
        return { name, serial, path: path.join("=") }
      }),
  ),
  /** How long a device may take to appear, seconds. */
  /** Hash the disks (sha256) before and after they are served, or only after. */
  "hash-disks": z.enum(["before-and-after", "after"]).optional(),
  "device-timeout": z.coerce.number().min(0).max(600).default(30),
})

const filesSchema = z.object({
  ...common,
  portal: z
    .string()
    .regex(/^.+:\d{1,5}$/)
    .transform((text) => {
      const at = text.lastIndexOf(":")
      return { host: text.slice(0, at).replace(/^\[(.*)\]$/, "$1"), port: Number(text.slice(at + 1)) }
    }),
  "target-iqn": iqn,
  /** NAME=SERIAL, in the order of LUNs. */
  disk: list(
    z
      .string()
      .regex(new RegExp(`^${diskName}=${serial}$`, "s"))
      .transform((text) => {
        const [name = "", serial = ""] = text.split("=")
        return { name, serial }
      }),
  ),
  "guest-dir": directory,
  /**
   * One for each recovery point where there are several: when it was taken. Their guests are in 1, 2... of `guest-dir`, and
   * the disks are dealt out to them evenly, in their order.
   */
  point: z
    .array(z.iso.datetime({ offset: true }).max(64))
    .min(2)
    .max(4)
    .optional(),
  /** As QEMU's container sees it. */
  "overlay-dir": z.string().default("/overlay"),
  "files-port": port.default(8443),
  /** A unix socket for the programs that are started in this container (src/exec); absent: none. */
  "local-socket": z.string().min(1).optional(),
  /** Absent: no SFTP. */
  "sftp-port": port.optional(),
  /** NAME/KEY of each Secret that is mounted below `unlock-dir`, as 0/key, 1/key... */
  unlock: z
    .array(
      z
        .string()
        .regex(/^[^/]{1,253}\/[^/]{1,253}$/)
        .transform((text) => {
          const [name = "", key = ""] = text.split("/")
          return { name, key }
        }),
    )
    .max(4)
    .default([]),
  "unlock-dir": z.string().default("/etc/frsess-unlock"),
  journal: z.enum(["Replay", "Skip"]).default("Replay"),
})

const guestSchema = z.object({
  "guest-dir": directory,
  "overlay-dir": directory,
  memory: z.coerce.number().int().min(128).max(1_048_576).default(512),
  cpus: z.coerce.number().int().min(1).max(64).default(1),
  kvm: z.boolean().default(false),
  "termination-log": common["termination-log"],
  "log-level": common["log-level"],
})

export type TargetOptions = z.output<typeof targetSchema>
export type FilesOptions = z.output<typeof filesSchema>
export type GuestOptions = z.output<typeof guestSchema>

export const targetOptions = (args: string[]): TargetOptions => read(args, targetSchema)
export const filesOptions = (args: string[]): FilesOptions => read(args, filesSchema)
export const guestOptions = (args: string[]): GuestOptions => read(args, guestSchema)

/** For a program that was not told which of its commands to be. */
export function unknownCommand(): never {
  throw new RecoveryError("UsageError", "The first argument is neither files nor guest.")
}

function read<S extends z.ZodObject>(args: string[], schema: S): z.output<S> {
  const names = Object.keys(schema.shape).map((name) => {
    const type = name === "kvm" ? ("boolean" as const) : ("string" as const)
    return [name, { type, multiple: ["disk", "point", "unlock"].includes(name) }]
  })
  const result = schema.safeParse(values(args, Object.fromEntries(names)))
  if (result.success) return result.data
  const wrong = [...new Set(result.error.issues.map(({ path }) => `--${String(path[0])}`))]
  throw new RecoveryError("UsageError", `Missing or not understood: ${wrong.join(", ")}.`)
}

function values(args: string[], options: Record<string, { type: "boolean" | "string"; multiple: boolean }>): unknown {
  try {
    return parseArgs({ args, options, strict: true }).values
  } catch (error) {
    throw new RecoveryError("UsageError", error instanceof Error ? error.message : "The arguments can't be read.")
  }
}
