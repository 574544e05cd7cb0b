import { parseArgs } from "node:util"
import { z } from "zod"
import { preserved } from "../api/copy.ts"
import { RecoveryError } from "../api/reasons.ts"
import type { Place } from "../client/files-client.ts"
import { parseName } from "../files/names.ts"
import { pathComponents } from "../files/path.ts"

export const conflicts = ["Fail", "Skip", "Overwrite", "Rename"] as const
export type Conflict = (typeof conflicts)[number]

const schema = z.object({
  "session-uid": z.string().regex(/^[A-Za-z0-9-]{1,64}$/),
  "session-name": z.string().regex(/^[^/]+\/[^/]+$/),
  /** Names the journal: the next pod of the same copy goes on where this one ended. */
  "copy-id": z.string().regex(/^[0-9a-f]{8,64}$/),
  "lost-pods": z.coerce.number().int().min(0).default(0),
  host: z.string().min(1),
  port: z.coerce.number().int().min(1).max(65_535).default(8443),
  secrets: z.string().min(1),
  /** Where the claim is mounted. */
  destination: z.string().min(1),
  /** Below it; written as people write names, \xNN for a byte. */
  directory: z.string().default("/"),
  /** VOLUME:/PATH, the path written the same way. */
  path: z
    .array(z.string().regex(/^[^/:]+:\/.*$/s))
    .min(1)
    .max(64),
  conflict: z.enum(conflicts).default("Fail"),
  preserve: z.array(z.enum(preserved)).default([]),
  "termination-log": z.string().default("/dev/termination-log"),
  "log-level": z.enum(["debug", "info", "warn", "error"]).default("info"),
})

export type CopyOptions = Omit<z.output<typeof schema>, "path" | "directory"> & {
  readonly places: readonly Place[]
  readonly directory: readonly Buffer[]
}

/** The copy program's command line. Throws UsageError with the option's name, UnsafePath for `..` and NUL. */
export function copyOptions(args: string[]): CopyOptions {
  const names = Object.keys(schema.shape).map((name) => [
    name,
    { type: "string" as const, multiple: name === "path" || name === "preserve" },
  ])
  const result = schema.safeParse(values(args, Object.fromEntries(names)))
  if (!result.success) {
    const wrong = [...new Set(result.error.issues.map(({ path }) => `--${String(path[0])}`))]
    throw new RecoveryError("UsageError", `Missing or not understood: ${wrong.join(", ")}.`)
  }
  const { path, directory, ...rest } = result.data
  const places = path.map((text) => {
    const colon = text.indexOf(":")
    return { volume: text.slice(0, colon), components: pathComponents(parseName(text.slice(colon + 1))) }
  })
  return { ...rest, places, directory: pathComponents(parseName(directory)) }
}

function values(args: string[], options: Record<string, { type: "string"; multiple: boolean }>): unknown {
  try {
    return parseArgs({ args, options, strict: true }).values
  } catch (error) {
    throw new RecoveryError("UsageError", error instanceof Error ? error.message : "The arguments can't be read.")
  }
}
