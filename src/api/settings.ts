import { z } from "zod"
import { LONGEST_TTL, MINUTE, parseDuration } from "./duration.ts"
import { RecoveryError } from "./reasons.ts"

/** "12h", "1h30m", "90s", read as milliseconds. */
const duration = z.string().transform((text, context) => {
  const ms = parseDuration(text)
  if (ms === undefined) context.addIssue(`must be a duration like "12h", "1h30m" or "90s", not "${text}"`)
  return ms ?? z.NEVER
})

const quantities = z.record(z.string(), z.union([z.string(), z.number()]).transform(String))
const resources = z.object({ requests: quantities.optional(), limits: quantities.optional() })
const toleration = z.object({
  key: z.string().optional(),
  operator: z.enum(["Exists", "Equal"]).optional(),
  value: z.string().optional(),
  effect: z.enum(["NoSchedule", "PreferNoSchedule", "NoExecute"]).optional(),
  tolerationSeconds: z.int().optional(),
})
const name = z.string().min(1)

/**
 * A field that a later version has added is left out: an operator or a plugin of this one may still read it during an
 * upgrade. Who misspells a value is told by the chart's values.schema.json.
 */
const schema = z.object({
  /** The image of target and restore pods. */
  engineImage: name,
  imagePullPolicy: z.enum(["Always", "IfNotPresent", "Never"]).default("IfNotPresent"),
  /** Names of Secrets in the session's namespace. */
  imagePullSecrets: z.array(name).default([]),
  /** Tells the children of one installation from those of another; a label value. */
  instance: z.string().regex(/^[a-zA-Z0-9]([a-zA-Z0-9_.-]{0,61}[a-zA-Z0-9])?$/, "must be a label value"),
  operatorNamespace: name,
  /** Labels that select the operator's own pods, for the sessions' NetworkPolicies. */
  operatorLabels: z
    .record(z.string(), z.string())
    .refine((labels) => Object.keys(labels).length > 0, {
      error: "must have at least one label, or every pod of the operator's namespace would be let in",
    }),
  /** Supplementary group of the target pod: the group that owns block devices on the nodes. */
  diskGroup: z.int().min(0).default(6),
  /** Extended resource that offers /dev/kvm ("devices.kubevirt.io/kvm"); absent: emulation. */
  kvmResource: name.optional(),
  guest: z
    .object({
      memoryMiB: z.int().min(128).default(512),
      cpus: z.int().min(1).max(64).default(1),
      overlayMiB: z.int().min(16).default(512),
      unlockMiB: z.int().min(0).default(1088),
    })
    .prefault({}),
  resources: z
    .object({ target: resources.prefault({}), files: resources.prefault({}), guest: resources.prefault({}) })
    .prefault({}),
  nodeSelector: z.record(z.string(), z.string()).default({}),
  tolerations: z.array(toleration).default([]),
  priorityClassName: name.optional(),
  /** The longest `spec.ttl` (milliseconds here): administrators may lower it, nobody can raise it. */
  maxTtl: duration.prefault("12h").refine((ms) => ms >= MINUTE && ms <= LONGEST_TTL, "must be 1m to 12h"),
  /** How long a session waits in Pending for what may still come (milliseconds here). */
  pendingTimeout: duration.prefault("1h").refine((ms) => ms >= 1000, "must be at least 1s"),
  /** Sessions in progress at once; the others wait for their turn. 0: any number. */
  limits: z
    .object({ sessionsPerNamespace: z.int().min(0).default(20), sessionsPerCluster: z.int().min(0).default(100) })
    .prefault({}),
  /** Admission policies, and their bindings, without which no session is accepted: `<prefix><name>`. */
  policies: z
    .object({
      prefix: z.string().default("file-recovery-"),
      names: z.array(name).default(["requester", "operator", "names"]),
    })
    .prefault({}),
  /** Sessions reconciled at the same time. */
  workers: z.int().min(1).max(64).default(4),
  /** Requests a second to the API server, and how many may go at once after a pause. */
  kubeApi: z.object({ qps: z.int().min(1).default(50), burst: z.int().min(1).default(100) }).prefault({}),
  logLevel: z.enum(["trace", "debug", "info", "warn", "error"]).default("info"),
  healthPort: z.int().min(0).max(65_535).default(8080),
  leaseName: name.default("file-recovery-operator"),
  /** The Secret of the installation's authority, in the operator's namespace: made by `init-authority`. */
  authoritySecret: name.default("file-recovery-authority"),
  /** Where that Secret is mounted. */
  authorityDir: name.default("/etc/file-recovery/authority"),
})

/** The operator's settings, as the chart writes them to /etc/file-recovery/settings.json. Durations in milliseconds. */
export type Settings = z.output<typeof schema>

/** Reads the text of the settings file. Rejects with `UsageError` that names every field that is wrong. */
export function parseSettings(text: string): Settings {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw new RecoveryError("UsageError", `the settings are not JSON: ${(cause as Error).message}`, { cause })
  }
  const result = schema.safeParse(json)
  if (result.success) return result.data
  const wrong = result.error.issues.map(({ path, message }) => `${path.join(".") || "settings"}: ${message}`)
  throw new RecoveryError("UsageError", `the settings are not valid: ${wrong.join("; ")}`)
}
